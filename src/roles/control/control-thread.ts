// The control plane in a thread of its own: store, commands, API and dashboard. Whatever it does, traffic does not wait for
// it; and when it fails, the edge serves on from the last good configuration and starts it again.
import { readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { systemClock } from '#base/clock.ts';
import { errorText, isSallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { MailOutbox } from '#base/mail/mail-outbox.ts';
import { sendMail } from '#base/mail/send-mail.ts';
import { readSecretFile } from '#base/secrets/secret-file.ts';
import { ThreadLink } from '#base/thread-link.ts';
import { createUuid } from '#base/text/uuid.ts';
import { Repetition } from '#base/repetition.ts';
import { version } from '#base/version.ts';
import { createWebClient } from '#base/net/web-client.ts';
import { readRuleSet } from '#config/rule-set-text.ts';
import { type ControlTools, systemCaller } from '#control/command.ts';
import { useShareLink } from '#control/commands/share-links.ts';
import { Control } from '#control/control.ts';
import type { EdgeFacts } from '#control/edge-view.ts';
import { certificateHandlers } from '#control/handlers/certificates.ts';
import { accessKeyHandlers } from '#control/handlers/access-keys.ts';
import { banHandlers } from '#control/handlers/bans.ts';
import { cacheHandlers } from '#control/handlers/cache.ts';
import { dnsHandlers } from '#control/handlers/dns.ts';
import { requestHandlers } from '#control/handlers/requests.ts';
import { probeHandlers } from '#control/handlers/probes.ts';
import { portHandlers } from '#control/handlers/ports.ts';
import { routeHandlers } from '#control/handlers/routes.ts';
import { pagePasswordHandlers } from '#control/handlers/page-passwords.ts';
import { shareLinkHandlers } from '#control/handlers/share-links.ts';
import { notificationHandlers, viewOf } from '#control/handlers/notifications.ts';
import { statusHandlers, statusOf, troublesNow } from '#control/handlers/status.ts';
import { supportHandlers } from '#control/handlers/support.ts';
import { tunnelHandlers } from '#control/handlers/tunnels.ts';
import { type ApiServerOptions, createApiServer } from '#control/http/api-server.ts';
import { DashboardFiles, unbuiltDashboard } from '#control/http/dashboard-files.ts';
import type { SendMail } from '#control/notify/deliver.ts';
import { Notifier } from '#control/notify/notifier.ts';
import { ExposureWatch } from '#control/exposure/exposure-watch.ts';
import { allRoutes } from '#control/views/route-view.ts';
import { openSeal } from '#control/seal.ts';
import { type SignIn, signInHandlers } from '#control/sign-in/sign-in.ts';
import { type Served, servedBy } from '#control/snapshot.ts';
import { lookAt } from '#control/views/tunnel-view.ts';
import { createRingSigner } from '#model/access/access-key-signer.ts';
import { createPassTexts } from '#model/access/access-pass.ts';
import { createPassage } from '#model/access/sign-in-passage.ts';
import { openStore } from '#store/open-store.ts';
import { createCredentials, formatToken, publicKeyOf } from '#tunnel/credentials.ts';
import {
  type ControlHello,
  type ControlOffers,
  type ControlSettings,
  type EdgeOffers,
  type OwnersServices,
  socketNames,
} from './control-contract.ts';
import { AccessKeyKeeper } from '../access/access-key-keeper.ts';
import { AccessFeed } from './access-feed.ts';
import { readDashboard } from './dashboard-build.ts';
import { forwardedLog } from './forwarded-log.ts';
import { refuseLostDatabase, writeLastGood } from './last-good.ts';
import { openKeyShelf } from './key-shelf.ts';
import { listenOnFile } from './socket-file.ts';
import { StoreLooks } from './store-looks.ts';
import { RemoteEdge } from './remote-edge.ts';

/** Expired sessions and tickets are removed this often. */
const sweepEveryMs = 3_600_000;

/** What receivers of messages answer is a line or two. */
const maxAnswerBytes = 65_536;

/** Runs in the thread; says hello once it works, or why it cannot. */
export async function runControlThread(port: MessagePort, settings: ControlSettings): Promise<void> {
  try {
    const plane = await ControlThread.start(port, settings);
    port.postMessage({ kind: 'ready', served: plane.served } satisfies ControlHello);
  } catch (error) {
    const code = isSallyportError(error) ? error.code : 'internal';
    port.postMessage({ kind: 'failed', code, message: errorText(error) } satisfies ControlHello);
    port.close();
  }
}

class ControlThread {
  readonly #settings: ControlSettings;
  readonly #control: Control;
  readonly #log: Log;
  readonly #servers: Server[] = [];
  readonly #link: ThreadLink<EdgeOffers>;
  readonly #signIn: SignIn;
  readonly #notifier: Notifier;
  readonly #keys: AccessKeyKeeper;
  readonly #exposure: ExposureWatch;
  served: Served;
  #services: OwnersServices;
  readonly #feed: AccessFeed;
  readonly #looks: StoreLooks;
  readonly #sweeps: Repetition;

  static async start(port: MessagePort, settings: ControlSettings): Promise<ControlThread> {
    const remote = new RemoteEdge(settings.facts, () => link);
    const offers: ControlOffers = {
      introduce: (facts) => void (remote.facts = facts),
      declare(declared, services) {
        thread.#services = services;
        thread.#control.declare(declared);
      },
      event: (event) => remote.event(event),
      request: (subscription, request) => remote.request(subscription, request),
      firstOwnerLink: (name) => thread.#firstOwnerLink(name),
      report: () => ({
        storeTrouble: thread.#control.storeTrouble,
        isStoreAway: thread.#control.isStoreAway,
        accessKeyTroubles: thread.#keys.troubles,
        ...thread.#notifier.report,
      }),
      wantAssertions: (algorithm) => thread.#keys.want(algorithm),
      useShareLink: (id) => thread.#control.run(useShareLink(id), systemCaller),
      getDocument: (...args) => thread.#control.store.getDocument(...args),
      putDocument: (...args) => thread.#control.store.putDocument(...args),
      deleteDocument: (...args) => thread.#control.store.deleteDocument(...args),
      listDocuments: (...args) => thread.#control.store.listDocuments(...args),
      takeLease: (...args) => thread.#control.store.takeLease(...args),
      releaseLease: (...args) => thread.#control.store.releaseLease(...args),
      stop: () => thread.#stop(),
    };
    const link = new ThreadLink<EdgeOffers>(port, offers);
    const log = forwardedLog((entry) => void link.call('log', entry).catch(() => undefined));
    await readSecrets(settings.services);
    const tools = controlTools(() => remote.facts);
    const control = await openControl(settings, tools, log);
    // The main thread calls only after the hello, when this is there.
    const thread: ControlThread = new ControlThread({ settings, control, log, remote, link, tools });
    // Before anything is signed, here or in the main thread.
    await thread.#keys.look();
    await thread.#listen();
    await thread.#feed.look();
    thread.#looks.follow((mayHaveChanged) => thread.#keys.glance(mayHaveChanged));
    thread.#looks.follow((mayHaveChanged) => thread.#feed.glance(mayHaveChanged));
    await thread.#notifier.start();
    thread.#exposure.start();
    return thread;
  }

  private constructor(parts: {
    settings: ControlSettings;
    control: Control;
    log: Log;
    remote: RemoteEdge;
    link: ThreadLink<EdgeOffers>;
    tools: ControlTools;
  }) {
    const { settings, control, log, remote, tools } = parts;
    this.#settings = settings;
    this.#services = settings.services;
    this.#control = control;
    this.#log = log;
    this.#link = parts.link;
    const seal = openSeal(join(settings.dataDir, 'seal.key'), systemRandom);
    const keeping = { clock: systemClock, random: systemRandom };
    const keys = new AccessKeyKeeper({
      ...{ ...keeping, log, own: settings.accessKeys },
      shelf: openKeyShelf({ ...keeping, store: control.store, seal }),
      ageMs: () => this.#services.accessKeyAgeMs,
      onRing: (ring) => this.#link.call('accessKeys', ring),
    });
    this.#keys = keys;
    const signer = createRingSigner(
      () => keys.ring,
      () => systemClock.wallMs(),
    );
    this.#signIn = signInHandlers({
      control,
      clock: systemClock,
      random: systemRandom,
      log,
      seal,
      dashboardUrl: () => remote.facts.dashboardUrl,
      edgeName: () => remote.facts.name,
      oidc: { issuers: () => this.#services.issuers, readSecretFile },
      outbox: new MailOutbox({
        settings: () => mailOf(this.#services, control.state.settings.title),
        send: sendMail,
        clock: systemClock,
        log,
      }),
      visitors: {
        passage: createPassage(signer),
        httpsPort: () => remote.facts.httpsPort,
        announced: () => this.#feed.look(),
      },
    });
    const { dataDir, lastEnd } = settings;
    const exposure = new ExposureWatch({
      ...{ clock: systemClock, log },
      routes: async () => allRoutes(await lookAt({ control, edge: remote })),
      probe: (url) => remote.probe(url),
    });
    this.#exposure = exposure;
    const sources = { control, edge: remote, exposure };
    const notifier = new Notifier({
      ...{ control, seal, clock: systemClock, random: systemRandom, log },
      mail: () => mailSender(this.#services.mail),
      web: createWebClient({ userAgent: `sallyport/${version}`, maxBytes: maxAnswerBytes }),
      look: async () => troublesNow({ control, lastEnd }, await lookAt(sources)),
      facts: () => ({ edge: remote.facts.name, dashboardUrl: remote.facts.dashboardUrl }),
    });
    this.#notifier = notifier;
    const both = { ...sources, clock: systemClock, tools, dataDir, lastEnd, notifier };
    const dashboard = dashboardOf(settings, log);
    const api: ApiServerOptions = {
      identify: this.#signIn.identify,
      handlers: {
        ...this.#signIn.handlers,
        ...statusHandlers(both),
        ...tunnelHandlers(both),
        ...routeHandlers(both),
        ...pagePasswordHandlers({ ...both, random: systemRandom }),
        ...accessKeyHandlers({ control, keys, wallMs: () => systemClock.wallMs() }),
        ...shareLinkHandlers({ ...both, passTexts: createPassTexts(signer) }),
        ...portHandlers(both),
        ...requestHandlers(both),
        ...certificateHandlers(both),
        ...banHandlers(both),
        ...cacheHandlers(both),
        ...dnsHandlers(both),
        ...probeHandlers(both),
        ...notificationHandlers({ ...both, seal, random: systemRandom }),
        ...supportHandlers({
          ...both,
          status: () => statusOf(both),
          channels: () => [...control.state.channels.values()].map((each) => viewOf(each, notifier)),
        }),
      },
      log,
      clock: systemClock,
      newRequestId: () => createUuid(systemRandom),
      basePath: settings.basePath,
      serveOther: (request, response, path) => {
        if (this.#signIn.visitorPages?.answer(request, response, path) !== true)
          dashboard(request, response, path);
      },
    };
    this.#servers.push(createApiServer(api, false), createApiServer({ ...api, basePath: '' }, true));
    this.served = servedBy(control.state, control.declared);
    this.#feed = new AccessFeed({
      clock: systemClock,
      log,
      read: () => this.#signIn.directory(),
      send: (directory) => this.#link.call('access', directory),
    });
    this.#looks = new StoreLooks({
      ...{ clock: systemClock, log, store: control.store },
      onLook: (answers) => control.noteStore(answers),
    });
    this.#sweeps = new Repetition({
      ...{ clock: systemClock, log, everyMs: sweepEveryMs, what: 'Removing what has expired' },
      work: () => this.#sweep(),
    });
    this.#follow();
  }

  async #firstOwnerLink(name: string): Promise<string | undefined> {
    return (await this.#signIn.firstOwnerLink({ name, email: null }))?.link.url;
  }

  /** Hands every change to the edge, and to the file it starts from when the store is away. */
  #follow(): void {
    let last: readonly unknown[] | undefined;
    this.#control.subscribe((state) => {
      const isFirst = last === undefined;
      // A change copies only the tables it touches: where a share link is opened, ten thousand routes stay as they are.
      const from = [state.tunnels, state.ruleSets, state.routes, state.ports, this.#control.declared];
      if (!from.every((table, i) => table === last?.[i])) {
        last = from;
        this.served = servedBy(state, this.#control.declared);
        this.#keepLastGood();
        if (!isFirst) void this.#link.call('served', this.served).catch(() => undefined);
      }
      if (!isFirst) void this.#feed.look();
    });
  }

  #keepLastGood(): void {
    try {
      writeLastGood(this.#settings.dataDir, this.served);
    } catch (error) {
      this.#log.warn('The last good configuration could not be written beside the store', {
        error: errorText(error),
      });
    }
  }

  async #sweep(): Promise<void> {
    const { store } = this.#control;
    const { auditKeptMs } = this.#control.state.settings;
    const now = systemClock.wallMs();
    try {
      const pruned = auditKeptMs > 0 ? store.pruneAudit(now - auditKeptMs) : Promise.resolve(0);
      await Promise.all([store.sweep(now), pruned]);
    } catch (error) {
      this.#log.warn('Expired sessions could not be removed', { error: errorText(error) });
    }
  }

  async #listen(): Promise<void> {
    const names = [socketNames.edge, socketNames.admin];
    for (const [i, name] of names.entries()) {
      await listenOnFile(this.#servers[i]!, join(this.#settings.dataDir, name));
    }
  }

  async #stop(): Promise<void> {
    this.#looks.stop();
    this.#sweeps.stop();
    this.#feed.stop();
    this.#keys.stop();
    this.#notifier.stop();
    this.#exposure.stop();
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    for (const name of Object.values(socketNames))
      rmSync(join(this.#settings.dataDir, name), { force: true });
    await this.#control.close();
  }
}

function mailSender(mail: OwnersServices['mail']): SendMail | undefined {
  return mail && ((each) => sendMail(each, mail));
}

/** The mail server, with a sender who is called as the sign-in page is unless edge.yml says otherwise. */
function mailOf({ mail }: OwnersServices, title: string): OwnersServices['mail'] {
  return mail && { ...mail, fromName: mail.fromName || title };
}

/** An empty or missing secret must not show only when somebody signs in. @throws SallyportError */
async function readSecrets({ issuers, mail }: OwnersServices): Promise<void> {
  for (const { name, clientSecretFile } of issuers) {
    if (clientSecretFile !== undefined)
      await readSecretFile(clientSecretFile, `the client secret of ${name}`);
  }
  if (mail?.passwordFile !== undefined)
    await readSecretFile(mail.passwordFile, `the password of ${mail.user} at ${mail.host}`);
}

async function openControl(settings: ControlSettings, tools: ControlTools, log: Log): Promise<Control> {
  refuseLostDatabase(settings);
  const store = await openStore({
    url: settings.storeUrl,
    clock: systemClock,
    log,
    random: systemRandom,
    backupFolder: settings.dataDir,
  });
  return await Control.open({
    store,
    clock: systemClock,
    random: systemRandom,
    log,
    tools,
    declared: settings.declared,
  });
}

function controlTools(facts: () => EdgeFacts): ControlTools {
  return {
    readRules: readRuleSet,
    issueToken(tunnelId) {
      const { edgeAddress, caPin } = facts();
      const credentials = { ...createCredentials(systemRandom, edgeAddress, caPin), tunnelId };
      return {
        token: formatToken(credentials),
        publicKey: Buffer.from(publicKeyOf(credentials)).toString('base64'),
      };
    },
  };
}

function dashboardOf({ basePath }: ControlSettings, log: Log): ApiServerOptions['serveOther'] {
  try {
    const files = new DashboardFiles({ read: readDashboard(readFileSync), random: systemRandom, basePath });
    return (request, response, path) => files.answer(request, response, path);
  } catch (error) {
    log.warn('The dashboard is not built; the API answers all the same', { error: errorText(error) });
    return unbuiltDashboard;
  }
}
