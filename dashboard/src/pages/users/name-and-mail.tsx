// The two fields by which a user is called and written to, as he fills them in himself and as an administrator does for him.
import { TextInput } from '@mantine/core';
import { faultOf } from '../../kit/form-dialog.tsx';

export interface NameAndMailProps {
  readonly displayName: string;
  readonly email: string;
  readonly onChange: (change: { readonly displayName: string } | { readonly email: string }) => void;
  /** What came of the last try to save. */
  readonly error: unknown;
  /** It is the user himself who fills it in, and his browser may help. */
  readonly isOneself?: boolean;
}

/** The fields. */
export function NameAndMail({ displayName, email, onChange, error, isOneself = false }: NameAndMailProps) {
  return (
    <>
      <TextInput
        maw={480}
        label="Full name"
        autoComplete={isOneself ? 'name' : undefined}
        value={displayName}
        onChange={(event) => onChange({ displayName: event.currentTarget.value })}
        error={faultOf(error, 'displayName')}
      />
      <TextInput
        maw={480}
        label="Mail address"
        type="email"
        autoComplete={isOneself ? 'email' : undefined}
        value={email}
        onChange={(event) => onChange({ email: event.currentTarget.value })}
        error={faultOf(error, 'email')}
      />
    </>
  );
}
