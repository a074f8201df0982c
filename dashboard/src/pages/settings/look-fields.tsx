// How the pages look that visitors see: the owner's colour and logo. The picture goes to the edge with the other settings.
import { Button, FileButton, Group, Input, TextInput } from '@mantine/core';
import { useState } from 'react';
import { logoFault, logoOf, maxLogoBytes } from '#base/pages/logo.ts';
import classes from './settings.module.css';

export interface LookFieldsProps {
  readonly colour: string;
  /** A `data:` URL, '' for none. */
  readonly logo: string;
  readonly onChange: (change: { readonly colour?: string; readonly logo?: string }) => void;
  readonly fault: (field: 'colour' | 'logo') => string | undefined;
  readonly mayWrite: boolean;
}

/** The two settings. */
export function LookFields({ colour, logo, onChange, fault, mayWrite }: LookFieldsProps) {
  const [unfit, setUnfit] = useState<string>();
  const take = async (file: File | null): Promise<void> => {
    if (!file) return;
    const why = await logoIn(file);
    setUnfit(why.fault);
    if (why.logo !== '') onChange({ logo: why.logo });
  };
  return (
    <>
      <TextInput
        label="Colour"
        description="Of buttons and links on the pages that visitors see; kept readable, light and dark. Empty for the edge's own."
        value={colour}
        onChange={(event) => onChange({ colour: event.currentTarget.value.trim() })}
        error={fault('colour')}
        placeholder="#0d6b62"
        spellCheck={false}
        rightSection={
          <input
            type="color"
            aria-label="Pick the colour"
            className={classes['colour']}
            value={/^#[0-9a-f]{6}$/i.test(colour) ? colour : '#0d6b62'}
            onChange={(event) => onChange({ colour: event.currentTarget.value })}
          />
        }
        maw={420}
      />
      <Input.Wrapper
        label="Logo"
        description="On the pages that visitors see: PNG, JPEG or WebP, up to 48 KiB."
        error={unfit ?? fault('logo')}
      >
        <Group mt={6} gap="sm">
          {logo !== '' && <img src={logo} alt="The logo" className={classes['logo']} />}
          <FileButton
            onChange={(file) => void take(file)}
            accept="image/png,image/jpeg,image/webp"
            inputProps={{ 'aria-label': 'Logo file' }}
          >
            {(props) => (
              <Button {...props} variant="default" disabled={!mayWrite}>
                {logo === '' ? 'Choose a picture' : 'Choose another'}
              </Button>
            )}
          </FileButton>
          {logo !== '' && (
            <Button variant="default" onClick={() => onChange({ logo: '' })}>
              Remove the logo
            </Button>
          )}
        </Group>
      </Input.Wrapper>
    </>
  );
}

/** The picture in a file, or what is wrong with it. */
async function logoIn(file: File): Promise<{ readonly logo: string; readonly fault: string | undefined }> {
  if (file.size > maxLogoBytes)
    return {
      logo: '',
      fault: `The picture has ${Math.ceil(file.size / 1024)} KiB, and ${maxLogoBytes / 1024} is the most.`,
    };
  const logo = logoOf(new Uint8Array(await file.arrayBuffer()));
  const fault = logo === undefined ? 'is no PNG, JPEG or WebP picture' : logoFault(logo);
  return fault === '' ? { logo: logo!, fault: undefined } : { logo: '', fault: `${file.name} ${fault}.` };
}
