// The seam between access and a mesh network: whoever carries one tells the edge which node stands behind a connection. An
// edge without a mesh has no source, and then nobody knows: a rule for the mesh opens nothing, and one against it shuts.
import type { ClientAddress } from '#http/exchange.ts';

/** A node of the mesh, as its coordinator vouches for it; never as the node says itself. */
export interface MeshNode {
  /** Its name in the mesh. */
  readonly name: string;
  /** Tags without `tag:`. */
  readonly tags: readonly string[];
  /** Name or mail address of the user whose node it is; '' for a tagged one. */
  readonly user: string;
}

/** Who knows the nodes of a mesh. */
export interface MeshSource {
  /**
   * The node at the other end of a connection; undefined for none. Called at each request of a route that asks, so it must
   * answer from memory. `address` and `localAddress` are both ends as the edge sees them.
   */
  nodeOf(client: ClientAddress): MeshNode | undefined;
}

/**
 * What rules may call whoever comes by this connection: none for no node, undefined where nobody knows. A node that passes
 * on what others ask (a proxy in front of the edge, whose client has another address) is not the one that asks.
 */
export function meshNames(
  source: MeshSource | undefined,
  client: ClientAddress,
  clientAddress: string,
): readonly string[] | undefined {
  if (!source) return undefined;
  const isDirect = client.address === clientAddress && client.address === client.peerAddress;
  const node = isDirect ? source.nodeOf(client) : undefined;
  return node === undefined ? [] : namesOfNode(node);
}

/** Lower-case names: `laptop`, `tag:ci`, `user:ada`. A name with a colon could pass for a tag or a user, and is none. */
export function namesOfNode({ name, tags, user }: MeshNode): readonly string[] {
  return [
    ...(name === '' || name.includes(':') ? [] : [name]),
    ...tags.map((tag) => `tag:${tag}`),
    ...(user === '' ? [] : [`user:${user}`]),
    // Whatever it is called, it is a node.
    '',
  ].map((each) => each.toLowerCase());
}
