// Why a port could not be opened, in words that name the cure.
import { SallyportError } from '#base/errors.ts';
import { formatEndpoint } from '#base/net/ip.ts';

/** Of a listener with this name, at this address. */
export function listenFault(
  {
    name,
    address,
  }: {
    readonly name: string;
    readonly address: { readonly host: string | undefined; readonly port: number };
  },
  error: NodeJS.ErrnoException,
): SallyportError {
  const where = formatEndpoint(address.host ?? '*', address.port);
  const cures: Record<string, string> = {
    EADDRINUSE: 'another program has this port; stop it or choose another port',
    EACCES: 'ports below 1024 need root or CAP_NET_BIND_SERVICE',
    EADDRNOTAVAIL: 'this machine has no such address',
  };
  const cure = cures[error.code ?? ''] ?? 'see the cause';
  return new SallyportError(
    'listen-failed',
    `Cannot listen for ${name} on ${where} (${error.code}): ${cure}.`,
    {
      cause: error,
    },
  );
}
