// `sallyport access test` and `sallyport access set`: who may pass a route.
import { SallyportError } from '#base/errors.ts';
import { describePolicy } from '#model/access-policy.ts';
import { routeName } from '#model/route.ts';
import { textOf } from '../command.ts';
import { allItems, argument, edgeCommand, timeText } from './edge-command.ts';
import { opensText, presetText } from './presets.ts';
import { accessOf, warningOf } from './routes.ts';

export const accessTestCommand = edgeCommand({
  words: ['access', 'test'],
  usage: 'URL [flags]',
  summary: 'would this user, from this address, get there?',
  description: `Asks the policy of the URL's route, without a request: who gets there, by which
rule, and why.`,
  flags: [
    { name: 'user', type: 'string', value: 'USER', help: 'as this user, signed in' },
    { name: 'token', type: 'string', value: 'NAME', help: 'with this service token' },
    { name: 'page-password', type: 'string', value: 'NAME', help: 'having given this page password' },
    { name: 'link', type: 'boolean', help: 'with a share link for the URL' },
    { name: 'address', type: 'string', value: 'ADDRESS', help: 'from this address' },
    { name: 'country', type: 'string', value: 'CODE', help: 'from this country, whatever the database says' },
    {
      name: 'certificate',
      type: 'string',
      value: 'NAME',
      help: 'with a client certificate: home, or home/cn=laptop',
    },
    { name: 'mesh', type: 'string', value: 'NODE', help: 'as this node of the mesh' },
    { name: 'method', type: 'string', value: 'METHOD', help: 'GET without one' },
    { name: 'at', type: 'string', value: 'TIME', help: 'at this time, such as 2026-12-24T18:00:00Z' },
  ],
  examples: [
    'sallyport access test https://photos.example.com/admin --user bob --address 192.0.2.7',
    'sallyport access test https://nas.example.com --token backup',
    'sallyport access test https://nas.example.com --country DE',
  ],
  exitCodes: { 1: 'no, or not without a sign-in' },
  maxArgs: 1,
  async run(session) {
    const { input } = session;
    const at = textOf(input, 'at');
    if (at !== '' && Number.isNaN(Date.parse(at)))
      throw new SallyportError('usage', `--at is a time such as 2026-12-24T18:00:00Z, not "${at}".`);
    const result = await session.api.testAccess({
      body: {
        url: argument(session, 0, 'Name the URL: sallyport access test https://photos.example.com/.'),
        method: textOf(input, 'method').toUpperCase() || 'GET',
        user: textOf(input, 'user') || undefined,
        token: textOf(input, 'token') || undefined,
        address: textOf(input, 'address'),
        country: textOf(input, 'country').toUpperCase() || undefined,
        certificate: textOf(input, 'certificate') || undefined,
        mesh: textOf(input, 'mesh') || undefined,
        link: input.flags.get('link') === true,
        password: textOf(input, 'page-password') || undefined,
        ...(at === '' ? {} : { atMs: Date.parse(at) }),
      },
    });
    session.show(result, () =>
      [
        result.sentence,
        `The policy of ${result.route} is ${result.policy}.`,
        ...result.lacks,
        opensText(result.opens),
      ].join('\n'),
    );
    return result.verdict === 'allow' ? 0 : 1;
  },
});

export const accessAddressesCommand = edgeCommand({
  words: ['access', 'addresses'],
  usage: '[flags]',
  summary: 'list addresses that are trusted after a sign-in',
  description: `Lists where users have signed in within the last day. Rules with "address-of"
let through what comes from there; signing the user out ends it.`,
  examples: ['sallyport access addresses'],
  maxArgs: 0,
  async run(session) {
    const addresses = await allItems((page) => session.api.listTrustedAddresses({ query: { ...page } }));
    session.table(
      addresses,
      [
        { title: 'ADDRESS', value: ({ address }) => address },
        { title: 'USER', value: ({ userName }) => userName },
        { title: 'UNTIL', value: ({ untilMs }) => timeText(untilMs) },
      ],
      'No user has signed in within the last day from an address that rules could trust.',
    );
  },
});

export const accessSetCommand = edgeCommand({
  words: ['access', 'set'],
  usage: 'HOSTNAME[/PATH] --access POLICY [flags]',
  summary: 'say who may pass a route',
  description: `Changes the policy of a route: public, private (users of this edge), or rules
with commas, of which the first that matches decides. An administration page that
is public is warned of; "public-on-purpose" says that it is meant.`,
  flags: [{ name: 'access', type: 'string', value: 'POLICY', help: 'public, private, or rules with commas' }],
  examples: [
    'sallyport access set photos.example.com --access private',
    'sallyport access set nas.example.com --access group:family,token:backup,ip:192.168.0.0/16',
    'sallyport access set films.example.com --access group:family,preset:jellyfin',
  ],
  maxArgs: 1,
  async run(session) {
    const access = accessOf(session.input);
    if (access === undefined) throw new SallyportError('usage', 'Say who may, with --access.');
    const route = await session.api.updateRoute({
      params: { route: argument(session, 0, 'Name a route; "sallyport route list" shows them.') },
      body: { access },
    });
    const warning = await warningOf(session, route);
    session.show(
      route,
      () =>
        `${routeName(route)} at ${session.edge}: ${describePolicy(route.access)}.\n${presetText(route.access)}${warning}`,
    );
  },
});
