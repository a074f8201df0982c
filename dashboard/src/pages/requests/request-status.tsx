// A status code in the colour of its class, with the word for what failed.
import type { LoggedRequest } from '#model/live/logged-request.ts';
import classes from './requests.module.css';

/** `200`, `404`, `502 origin-refused`. */
export function RequestStatus({ request }: { readonly request: Pick<LoggedRequest, 'status' | 'error'> }) {
  const { status, error } = request;
  const tone = status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'plain';
  return (
    <span className={classes['code']} data-tone={tone}>
      {status}
      {error !== null && <small>{error}</small>}
    </span>
  );
}
