// What the sample blog says: a few short posts about what Sallyport does, written for someone who has just started the
// demo. Bodies are HTML.

/** A post of the sample blog. */
export interface SamplePost {
  readonly slug: string;
  readonly title: string;
  /** ISO date. */
  readonly date: string;
  readonly summary: string;
  readonly body: string;
}

/** Newest first. */
export const samplePosts: readonly SamplePost[] = [
  {
    slug: 'a-door-that-opens-outward',
    title: 'A door that opens outward',
    date: '2026-11-21',
    summary:
      'How a machine with no public address can have a public face, and why nothing has to listen at home.',
    body: `<p>A sally port is a small door in a fortress wall. The people inside can leave through it; nobody
outside can use it to come in. A <em>connector</em> is such a door for a home network: it dials out to an
<em>edge</em>, a small server with a public address, and keeps a few connections up.</p>
<p>When you opened this page, your browser spoke to the edge. The edge looked the hostname up in its routes, took a
stream on one of those connections, and handed over your request. The connector matched it with its own rules and
passed the bytes to this blog, which listens on a loopback address that nothing else can reach.</p>
<h2>What that buys</h2>
<ul>
<li>No port forwarding, no public address at home; carrier-grade NAT does not matter.</li>
<li>The edge is yours: your domain in the address bar, your certificates, your logs.</li>
<li>The connector dials only what its rules name, so even a captured edge cannot roam your network.</li>
</ul>`,
  },
  {
    slug: 'what-happens-on-a-bad-day',
    title: 'What happens on a bad day',
    date: '2026-11-14',
    summary:
      'Connections fail, keys are revoked, files are saved half-written. None of it should need a restart.',
    body: `<p>Most tunnels work on the day they are set up. The interesting question is what they do at three in the
morning, when the line drops for a second.</p>
<p>Both ends of a Sallyport connection ask each other for a sign of life every five seconds. Three misses, and the
connection is replaced: the first attempt at once, later ones after a random pause that never grows past fifteen
seconds. Nothing is remembered at home that could go stale, so there is no state to delete by hand.</p>
<p>Errors name the hop. A visitor's page, the <code>X-Sallyport-Error</code> header and the log all say the same:
no such host, no connector online, or a service that refused, was slow, or spoke nonsense.</p>
<h2>Try it</h2>
<p>Ask for <a href="/gone">a page that does not exist</a>: this blog answers that one itself. Then ask the edge for a
hostname it does not know, and compare.</p>`,
  },
  {
    slug: 'things-to-try',
    title: 'Five things to try with the demo',
    date: '2026-11-07',
    summary: 'Live events, echoes, your own service, metrics, and a second connector.',
    body: `<ol>
<li><a href="/events">/events</a> sends one event a second; nothing on the way holds it back.</li>
<li><a href="/echo">/echo</a> shows your request as the blog received it, with the headers that the edge added.</li>
<li>Start the demo with <code>--hostname app.localhost --service http://localhost:3000</code> to put a service of
your own beside this one.</li>
<li>Read the metrics of edge and connector at the addresses the demo printed.</li>
<li>Take the tunnel token from <code>--output json</code> and run <code>sallyport tunnel run --token …</code> in another
terminal: now two replicas share the load, and either may stop without a visitor noticing.</li>
</ol>`,
  },
];
