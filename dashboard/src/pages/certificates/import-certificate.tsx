// Bringing a certificate with its key: two files chosen or two texts pasted. The edge looks at chain, key, names and dates
// and says what is wrong before anything is kept.
import { FileButton, Button, Group, Textarea } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useChange } from '../../api/queries.ts';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { useToast } from '../../kit/toasts.tsx';
import classes from './certificates.module.css';

/** The dialog. */
export function ImportCertificate({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}) {
  const bring = useChange('importCertificate');
  const navigate = useNavigate();
  const say = useToast();
  const [certificate, setCertificate] = useState('');
  const [key, setKey] = useState('');
  const submit = async (): Promise<void> => {
    const imported = await bring.mutateAsync({ body: { certificate, key } });
    setCertificate('');
    setKey('');
    say(`${imported.names[0]} imported`);
    await navigate({ to: '/certificates/$certificate', params: { certificate: imported.id } });
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Import a certificate"
      action="Import certificate"
      submit={submit}
      isReady={certificate !== '' && key !== ''}
      size={640}
    >
      {(faultOf) => (
        <>
          <PemField
            label="Certificate and chain"
            description="PEM: the certificate first, then each one’s issuer."
            placeholder="-----BEGIN CERTIFICATE-----"
            value={certificate}
            onChange={setCertificate}
            error={faultOf('certificate')}
          />
          <PemField
            label="Private key"
            description="PEM, without a passphrase. It is sealed at the edge and never shown again."
            placeholder="-----BEGIN PRIVATE KEY-----"
            value={key}
            onChange={setKey}
            error={faultOf('key')}
          />
        </>
      )}
    </FormDialog>
  );
}

interface PemFieldProps {
  readonly label: string;
  readonly description: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly error: string | undefined;
}

function PemField({ label, description, placeholder, value, onChange, error }: PemFieldProps) {
  return (
    <div>
      <Textarea
        label={label}
        description={description}
        placeholder={placeholder}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={error}
        minRows={5}
        maxRows={9}
        autosize
        autoComplete="off"
        spellCheck={false}
        classNames={{ input: classes['pem'] ?? '' }}
      />
      <Group mt={6}>
        <FileButton
          accept=".pem,.crt,.cer,.key,text/plain"
          onChange={(file) => {
            if (file) void file.text().then(onChange);
          }}
        >
          {(props) => (
            <Button {...props} size="xs" variant="default">
              Choose a file
            </Button>
          )}
        </FileButton>
      </Group>
    </div>
  );
}
