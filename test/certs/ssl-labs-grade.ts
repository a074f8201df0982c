// The grade of SSL Labs' rating guide (2009r) for what testssl.sh has found; testssl.sh itself grades from 3.1 on, Debian 12's
// does not. Scores of protocols, key exchange and ciphers are put together; certain findings put a lid on the grade; an A+ is
// an A without a warning, with TLS 1.3, and with a promise of https for half a year.

export interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

/** The guide's score of each protocol version. */
const protocolScores = { SSLv2: 0, SSLv3: 80, TLS1: 90, TLS1_1: 95, TLS1_2: 100, TLS1_3: 100 } as const;
/** RSA bits that elliptic keys are worth (NIST SP 800-57, table 2). */
const rsaBitsOf = (curveBits: number): number => (curveBits >= 384 ? 7680 : curveBits >= 250 ? 3072 : 2048);
/** The guide wants half a year. */
const leastHstsSeconds = 15_552_000;

/** The grade, and why it is no better than it is. */
export function gradeOf(findings: readonly Finding[]): {
  readonly grade: string;
  readonly because: string[];
} {
  const told = (id: string): string =>
    findings.find((finding) => finding.id.split(' ')[0] === id)?.finding ?? '';
  const offered = Object.keys(protocolScores).filter((id) => told(id).startsWith('offered'));
  const ciphers = findings.filter(({ id }) => id.startsWith('cipher_x')).map(({ finding }) => finding);
  const bits = ciphers.map((line) => Number(/ (\d+) +\S+ *$/.exec(line)?.[1] ?? 0));
  const exchanges = ciphers.map((line) => exchangeBits(/ (ECDH|DH|RSA) +(\d+)? /.exec(line) ?? []));
  const key = /(EC|RSA) (\d+) bits/.exec(told('cert_keySize'));
  const keyBits = key?.[1] === 'EC' ? rsaBitsOf(Number(key[2])) : Number(key?.[2] ?? 0);
  const score =
    0.3 * middle(offered.map((id) => protocolScores[id as keyof typeof protocolScores])) +
    0.3 * exchangeScore(Math.min(keyBits, ...exchanges)) +
    0.4 * middle(bits.map((each) => (each >= 256 ? 100 : each >= 128 ? 80 : each > 0 ? 20 : 0)));
  const lids: [isOn: boolean, grade: string, because: string][] = [
    [!/passed|Ok/i.test(told('cert_chain_of_trust')), 'T', 'the chain is not trusted'],
    [offered.includes('SSLv2'), 'F', 'SSL 2'],
    [/(?<!not )vulnerable|VULNERABLE \(NOT/.test(vulnerabilities(findings)), 'F', 'a vulnerability'],
    [!offered.includes('TLS1_2') && !offered.includes('TLS1_3'), 'C', 'neither TLS 1.2 nor 1.3'],
    [offered.some((id) => ['SSLv3', 'TLS1', 'TLS1_1'].includes(id)), 'B', 'a version below TLS 1.2'],
    [ciphers.some((line) => !/ ECDH| DH/.test(line)), 'B', 'a cipher without forward secrecy'],
    [!ciphers.some((line) => /GCM|ChaCha20|CCM/.test(line)), 'B', 'no authenticated encryption'],
    [!offered.includes('TLS1_3'), 'A-', 'no TLS 1.3'],
    [!/supported/.test(told('secure_renego')), 'A-', 'no secure renegotiation'],
  ];
  const hstsSeconds = Number(/=(\d+) seconds/.exec(told('HSTS_time'))?.[1] ?? 0);
  lids.push([hstsSeconds < leastHstsSeconds, 'A', `Strict-Transport-Security for ${hstsSeconds} seconds`]);
  const order = ['A+', 'A', 'A-', 'B', 'C', 'D', 'E', 'F', 'T'];
  const byScore = score >= 80 ? 'A+' : (['B', 'C', 'D', 'E', 'F'] as const)[lower(score)]!;
  const on = lids.filter(([isOn]) => isOn);
  const grades = [byScore, ...on.map(([, grade]) => grade)];
  const grade = order[Math.max(...grades.map((each) => order.indexOf(each)))]!;
  return { grade, because: [`score ${score.toFixed(0)}`, ...on.map(([, , because]) => because)] };
}

/** Index of the grade below A that a score comes to. */
function lower(score: number): number {
  return [65, 50, 35, 20].filter((least) => score < least).length;
}

function exchangeBits([, kind, bits]: readonly (string | undefined)[]): number {
  const number = Number(bits ?? 0);
  return kind === 'ECDH' ? rsaBitsOf(number) : kind === 'DH' ? number : Infinity;
}

function exchangeScore(rsaBits: number): number {
  if (rsaBits >= 4096) return 100;
  if (rsaBits >= 2048) return 90;
  return rsaBits >= 1024 ? 80 : rsaBits >= 512 ? 40 : 0;
}

/** Half way between the best and the worst; 0 for none. */
function middle(scores: readonly number[]): number {
  return scores.length === 0 ? 0 : (Math.max(...scores) + Math.min(...scores)) / 2;
}

function vulnerabilities(findings: readonly Finding[]): string {
  const ids =
    /^(heartbleed|CCS|ticketbleed|ROBOT|CRIME_TLS|POODLE_SSL|SWEET32|FREAK|DROWN|LOGJAM|BEAST|LUCKY13|RC4)/;
  return findings.flatMap(({ id, finding }) => (ids.test(id) ? [finding] : [])).join('\n');
}
