// Which other sites' scripts may use a route from a browser (the CORS protocol of the Fetch standard). The edge answers
// preflights itself, before access and origin, because they carry nothing by which anybody could be known.
import { z } from 'zod';
import { durationSetting } from './scalars.ts';

const origin = /^https?:\/\/(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const names = (what: string) =>
  z
    .array(
      z
        .string()
        .max(200)
        .regex(token, { error: `must be ${what}` }),
    )
    .max(50);

export const corsSchema = z
  .strictObject({
    origins: z
      .array(
        z
          .string()
          .max(300)
          .refine((text) => text === '*' || origin.test(text), {
            error: 'must be an origin such as "https://app.example.com" or "https://*.example.com", or "*"',
          }),
      )
      .min(1)
      .max(100)
      .meta({ description: 'Sites that may, such as `https://app.example.com`; `*` for all.' }),
    methods: names('a method')
      .default(['GET', 'HEAD', 'POST'])
      .meta({ description: 'Methods that they may use.' }),
    headers: names('a header field name')
      .default(['Content-Type'])
      .meta({ description: 'Request fields that they may set.' }),
    expose: names('a header field name')
      .optional()
      .meta({ description: 'Response fields that they may read beside the usual ones.' }),
    credentials: z
      .boolean()
      .default(false)
      .meta({ description: 'With cookies and sign-ins of the visitor.' }),
    maxAge: durationSetting()
      .default('2h')
      .meta({ description: 'How long a browser may remember the answer; Chromium takes two hours at most.' }),
  })
  .refine(({ origins, credentials }) => !credentials || !origins.includes('*'), {
    path: ['credentials'],
    error: 'with credentials the origins must be named: "*" would give every site what the visitor may see',
  })
  .meta({
    description: "Other sites' scripts that may use this route; preflights are answered by the edge.",
  });

/** As parsed. */
export type CorsSettings = z.output<typeof corsSchema>;
