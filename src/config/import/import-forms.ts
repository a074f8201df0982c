// The forms of configuration that can be imported, for those who only name them.

export const importForms = ['caddyfile', 'frpc', 'cloudflared', 'pangolin'] as const;
export type ImportForm = (typeof importForms)[number];
