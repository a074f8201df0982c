// One line of the access log as the demo shows it: time, status, how long, method, where; 80 columns at most.
import { paint } from './paint.ts';

const widest = 80;

/** `07:51:25  200     7 ms  GET  blog.localhost/about` */
export function requestLine(json: string, hasColours: boolean): string {
  const { time, status, ms, method, host, path, error } = JSON.parse(json) as Record<string, unknown>;
  const { dim, bad } = paint(hasColours);
  const clock = String(time).slice(11, 19);
  const code = String(status);
  const duration = `${Math.round(Number(ms))} ms`.padStart(8);
  const reason = typeof error === 'string' ? `  ${error}` : '';
  const start = `  ${clock}  ${code}  ${duration}  ${String(method).padEnd(4)} `;
  const where = shorten(printable(`${String(host)}${String(path)}`), widest - start.length - reason.length);
  const shownCode = Number(status) >= 500 ? bad(code) : code;
  return `  ${dim(clock)}  ${shownCode}  ${dim(duration)}  ${String(method).padEnd(4)} ${where}${bad(reason)}`;
}

/** A visitor chooses the path: nothing in it may steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e]/g, '?');
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 3))}...`;
}
