// Coming in through the organisation's own sign-in: who is let in, who declined, and back to where one was going.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenId, prepareOpenId } from '../support/openid.ts';
import { HANDS } from './hands.ts';
import { openStage, type Stage } from './stage.ts';

describe.each(HANDS)('%s', (_name, handAt) => {
  let openId: OpenId;
  let stage: Stage;

  beforeAll(async () => {
    openId = await prepareOpenId();
    stage = await openStage({
      env: {
        CHATELAINE_OIDC_ISSUER: openId.issuer,
        CHATELAINE_OIDC_CLIENT_ID: openId.clientId,
        CHATELAINE_OIDC_CLIENT_SECRET: openId.clientSecret,
        CHATELAINE_OIDC_NAME: 'Example Inc.',
      },
    });
    await (await stage.owner()).context().close();
  });
  afterAll(async () => {
    await stage?.close();
    await openId?.close();
  });

  test('a provider that is down, a sign-in that is declined, and one that goes where one wanted to', async () => {
    const page = await stage.visitor();
    const hand = handAt(page);
    const signIn = () => hand.press(page.getByRole('link', { name: 'Sign in with Example Inc.' }));
    await page.goto(`${stage.hub.url}/agents?create=true`);
    await page.waitForURL(`${stage.hub.url}/sign-in?returnTo=**`);
    await signIn();
    await page.getByRole('alert').getByText('The sign-in provider could not be reached.').waitFor();

    await openId.start(`${stage.hub.url}/sign-in/oidc/sso/callback`);
    await signIn();
    await page.getByRole('alert').getByText('The sign-in was declined.').waitFor();

    openId.account = { sub: 'bea', email: 'bea@example.test', email_verified: true, name: 'Bea' };
    await page.goto(`${stage.hub.url}/activity`);
    await page.waitForURL(`${stage.hub.url}/sign-in?returnTo=**`);
    await signIn();
    await page.waitForURL(`${stage.hub.url}/activity`);
    await page.getByRole('button', { name: /Bea.*Viewer/i }).waitFor();
    // Whoever has no password is not asked for the present one.
    await hand.go('Settings');
    await page.getByLabel('New password').waitFor();
    expect(await page.getByLabel('Present password').count()).toBe(0);
    await hand.steady();
  });

  test('no page broke the content security policy or threw', () => {
    expect(stage.complaints).toEqual([]);
  });
});
