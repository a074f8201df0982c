// Visitors that look for holes: paths that only scanners ask for, and programs that say who they are. They are refused, and who
// does it often enough is banned for a while from every route with a guard.
import { z } from 'zod';
import { isPrefix } from '#base/net/ip.ts';
import { durationSetting } from './scalars.ts';

const patterns = () => z.array(z.string().min(1).max(300)).max(200);

/** What scanners ask of every site, whatever it runs; a site that has one of these names its own list. */
export const scannerPaths: readonly string[] = [
  ...['/wp-login.php', '/xmlrpc.php', '/wp-admin*', '/wp-content/*.php', '/wp-config*', '*/wp-includes/*'],
  ...['/.env*', '*/.env', '/.git/*', '/.svn/*', '/.aws/*', '/.ssh/*', '/.DS_Store', '/.vscode/*'],
  ...['/phpmyadmin*', '/phpMyAdmin*', '/pma/*', '/adminer*.php', '*/phpinfo.php', '*/phpunit/*'],
  ...['/cgi-bin/*', '/boaform/*', '/HNAP1*', '/GponForm/*', '/actuator/*', '/solr/admin*', '/_ignition/*'],
];

const banSchema = z.strictObject({
  after: z.int().min(1).max(1000).default(5).meta({ description: 'Hits after which an address is banned.' }),
  within: durationSetting().default('10m').meta({ description: 'How close together they are.' }),
  for: durationSetting().default('1h').meta({ description: 'How long the ban lasts.' }),
});

export const guardSchema = z
  .strictObject({
    scanners: z.boolean().default(true).meta({
      description:
        'Refuse what only scanners ask for, such as `/wp-login.php` and `/.env`; see docs/shaping.md.',
    }),
    paths: patterns().optional().meta({ description: 'Paths to refuse; `*` stands for any characters.' }),
    agents: patterns()
      .optional()
      .meta({ description: 'User agents to refuse, in lower case; `*` stands for any characters.' }),
    allow: z
      .array(z.string().refine(isPrefix, { error: 'must be an address or a prefix such as "10.0.0.0/8"' }))
      .max(100)
      .optional()
      .meta({ description: 'Addresses that are never refused or banned.' }),
    ban: banSchema
      .optional()
      .meta({ description: 'Bans an address (IPv6: its /64) that is refused often; none if absent.' }),
  })
  .meta({ description: 'Refuses scanners and bots, and bans those that go on.' });

/** As parsed. */
export type GuardSettings = z.output<typeof guardSchema>;
