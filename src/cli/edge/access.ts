// `sallyport access test` and `sallyport access set`: who may pass a route.
import { SallyportError } from '#base/errors.ts';
import { describePolicy } from '#model/access/access-policy.ts';
import { routeName } from '#model/routes/route.ts';
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

export const accessSessionsCommand = edgeCommand({
  words: ['access', 'sessions'],
  usage: '[flags]',
  summary: 'list browsers that are signed in',
  description: `Lists the browsers in which somebody has signed in, of all users: who, where
from, and since when.`,
  flags: [
    {
      name: 'search',
      type: 'string',
      value: 'TEXT',
      help: 'only those whose user, address or browser has it',
    },
    { name: 'sort', type: 'string', value: 'KEY', help: 'user (default), address, since or lastSeen' },
  ],
  examples: ['sallyport access sessions', 'sallyport access sessions --search ada --sort lastSeen'],
  maxArgs: 0,
  async run(session) {
    const search = textOf(session.input, 'search') || undefined;
    const sort = sortOf(textOf(session.input, 'sort'));
    const sessions = await allItems((page) =>
      session.api.listSessions({
        query: { search, sort, order: sort === 'lastSeen' ? 'desc' : 'asc', ...page },
      }),
    );
    session.table(
      sessions,
      [
        { title: 'ID', value: ({ id }) => id },
        { title: 'USER', value: ({ userName }) => userName },
        { title: 'ADDRESS', value: ({ address }) => address || '-' },
        { title: 'BY', value: ({ method }) => method },
        { title: 'SINCE', value: ({ createdAtMs }) => timeText(createdAtMs) },
        { title: 'LAST USED', value: ({ lastSeenAtMs }) => timeText(lastSeenAtMs), leaves: true },
        { title: 'BROWSER', value: ({ userAgent }) => userAgent || '-', givesWay: true, leaves: true },
      ],
      'Nobody is signed in.',
    );
  },
});

const sorts = ['user', 'address', 'since', 'lastSeen'] as const;

function sortOf(text: string): (typeof sorts)[number] {
  const found = text === '' ? 'user' : sorts.find((each) => each === text);
  if (found) return found;
  throw new SallyportError('usage', `--sort is ${sorts.join(', ')}, not "${text}".`);
}

export const accessEndCommand = edgeCommand({
  words: ['access', 'end'],
  usage: 'SESSION [flags]',
  summary: 'sign one browser out, at every site',
  description: `Ends a session by its id: that browser is out everywhere within a second, and
what it has open ends.`,
  examples: ['sallyport access end 0b9c1a3e-6f1d-4a57-9c58-0d6a1b2c3d4e'],
  maxArgs: 1,
  async run(session) {
    const id = argument(session, 0, 'Name the session by its id; "sallyport access sessions" shows them.');
    await session.api.endSession({ params: { session: id } });
    session.show({ ended: id }, () => `Ended ${id} at ${session.edge}.\n`);
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
