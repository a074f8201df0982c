// Which passwords are taken: long ones (NIST SP 800-63B, 5.1.1.2), without rules on letters and digits, but none of those
// that everybody tries first. The length is held by the contract (api/account.ts).
import { SallyportError } from '#base/errors.ts';

/** The most used passwords of twelve characters and more, as leaked collections have them, lower-case. */
const commonPasswords: ReadonlySet<string> = new Set(
  `123456789012 1234567890123 12345678901234 123456789abc 1234567890qwerty 1234567890qwertyuiop 123456qwerty
  123qweasdzxc 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc 741852963000
  987654321098 abc123456789 abcdefghijkl abcdefghijklm abcd12345678 abcd1234abcd admin1234567 admin12345678 adminadmin12
  adminadminadmin administrator administrator1 asdfasdfasdf asdfghjkl123 asdfghjklqwerty asdfghjklzxcvbnm asdf1234asdf
  changeme1234 changemeplease changethisnow correcthorsebatterystaple defaultpassword football1234 iloveyou1234
  iloveyou12345 iloveyou123456 iloveyouforever iloveyousomuch letmein12345 letmeinplease liverpool123 manchester1
  manchesterunited mypassword12 mypassword123 mypassword1234 p@ssw0rd1234 p@ssword1234 passw0rd1234 password1234
  password12345 password123456 password12345678 password123456789 password123! password1234! passwordpassword
  princess1234 q1w2e3r4t5y6 q1w2e3r4t5y6u7 qazwsxedc123 qazwsxedcrfv qazwsxedcrfvtgb qwer1234qwer qwerty123456
  qwerty12345678 qwerty123456789 qwertyqwerty qwertyuiop12 qwertyuiop123 qwertyuiop1234 qwertyuiop[] qwertyuiopasdf
  qwertyuiopasdfghjkl qwertzuiop123 raspberrypi1 sallyport123 sallyport1234 secretpassword starwars1234 sunshine1234
  superman1234 supersecret1 thisisapassword trustno11234 unbelievable welcome12345 welcome123456 whateverwhatever
  zaq12wsxcde3 zxcvbnm12345 zxcvbnm123456 zxcvbnmasdfghjkl`.split(/\s+/),
);

/** Whom a password must not just repeat. */
export interface PasswordOwner {
  readonly name: string;
  readonly email: string | null;
}

/** @throws SallyportError 'invalid' for a password that is among the first to be guessed */
export function requireUncommonPassword(password: string, owner: PasswordOwner): void {
  const plain = password.normalize('NFKC').toLowerCase();
  const own = [owner.name, owner.email ?? ''].map((text) => text.toLowerCase()).filter((text) => text !== '');
  const isGuessable =
    commonPasswords.has(plain) ||
    isRepetition(plain) ||
    own.some((text) => plain === text || isRepetition(plain, text));
  if (!isGuessable) return;
  throw new SallyportError(
    'invalid',
    'This password is one of those that everybody tries first; take another, four random words for example.',
    { facts: { faults: [{ path: 'password', message: 'is too easily guessed' }] } },
  );
}

/** `aaaa...`, `abcabc...`: up to four characters, or the given text, again and again. */
function isRepetition(text: string, unit?: string): boolean {
  const units = unit === undefined ? [1, 2, 3, 4].map((length) => text.slice(0, length)) : [unit];
  return units.some(
    (each) => each.repeat(Math.ceil(text.length / each.length)).slice(0, text.length) === text,
  );
}
