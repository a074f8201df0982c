// Where a connector dials and whom it trusts there, from its options and its credentials of the moment.
import { SallyportError } from '#base/errors.ts';
import { parseEdgeAddress } from '#tunnel/transport/edge-address.ts';
import type { TlsDialOptions } from '#tunnel/transport/tls-dial.ts';
import type { TrustedRoots } from '#tunnel/transport/trusted-roots.ts';
import type { ConnectorOptions } from '../connector.ts';

/** Asked at every attempt. @throws SallyportError 'config-missing' when nothing says where the edge is */
export function edgeTarget(
  {
    credentials,
    edgeAddress,
    caText,
    ipVersion,
    bindAddress,
    clock,
  }: Pick<ConnectorOptions, 'credentials' | 'edgeAddress' | 'caText' | 'ipVersion' | 'bindAddress' | 'clock'>,
  roots: TrustedRoots,
): TlsDialOptions {
  const current = credentials.current();
  const address = edgeAddress === '' ? current.edgeAddress : edgeAddress;
  if (address === '') {
    throw new SallyportError(
      'config-missing',
      'Neither the token nor the credentials name an edge; give its address with --edge HOST:PORT.',
    );
  }
  const { host, port } = parseEdgeAddress(address);
  const { caPin } = current;
  const wallMs = (): number => clock.wallMs();
  return { host, port, caText, roots, caPin, ipVersion, bindAddress, wallMs };
}
