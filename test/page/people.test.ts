// Who may do what on the page: invitations, roles, sessions.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningProvider, startProvider } from '../support/providers.ts';
import { HANDS } from './hands.ts';
import { OWNER, openStage, type Stage } from './stage.ts';

describe.each(HANDS)('%s', (_name, handAt) => {
  let stage: Stage;
  let linear: RunningProvider;
  let agentId: string;

  beforeAll(async () => {
    [stage, linear] = await Promise.all([openStage(), startProvider('linear')]);
    const made = await stage.hub.ok('POST', '/api/connectors', { name: 'Linear', url: linear.mcpUrl });
    await stage.hub.connect(made.id);
    agentId = (await stage.hub.ok('POST', '/api/agents', { name: 'Deployer' })).id;
  });
  afterAll(async () => {
    await stage?.close();
    await linear?.close();
  });

  test('an owner invites a viewer by link; the viewer joins, and sees without being able to change', async () => {
    const owner = await stage.owner();
    const ownerHand = handAt(owner);
    await owner.goto(`${stage.hub.url}/settings?tab=people`);
    await ownerHand.press(owner.getByRole('button', { name: 'Invite' }));
    await ownerHand.fill(owner.getByLabel('E-mail'), 'vera@example.test');
    await ownerHand.choose(owner.getByLabel('Role', { exact: true }), 'viewer');
    await ownerHand.press(owner.getByRole('button', { name: 'Create link' }));
    const link = await owner.getByRole('dialog').locator('code').textContent();

    const viewer = await stage.visitor();
    const viewerHand = handAt(viewer);
    await viewer.goto(link ?? '');
    await viewerHand.fill(viewer.getByLabel('Name'), 'Vera');
    await viewerHand.fill(viewer.getByLabel('Password'), OWNER.password);
    await viewerHand.press(viewer.getByRole('button', { name: 'Join' }));
    await viewer.getByRole('link', { name: 'Linear', exact: true }).waitFor();
    expect(await viewer.getByRole('link', { name: 'Add connector' }).count()).toBe(0);
    expect(await viewer.getByRole('button', { name: /^(Sync|Connect|Reconnect)/ }).count()).toBe(0);

    await viewer.goto(`${stage.hub.url}/agents/${agentId}`);
    await viewer.getByText('Viewers see what an agent may call but change nothing.').waitFor();
    expect(await viewer.getByRole('checkbox').first().isDisabled()).toBe(true);
    await viewer.goto(`${stage.hub.url}/settings?tab=people`);
    await viewer.getByText('Owners only').waitFor();
    await viewer.goto(`${stage.hub.url}/connectors/new`);
    await viewer.getByText('Viewers cannot add connectors').waitFor();
  });

  test('signing out everywhere ends the other browser too, which is sent to the door and back afterwards', async () => {
    const [here, there] = [await stage.owner(), await stage.owner()];
    const [hereHand, thereHand] = [handAt(here), handAt(there)];
    await there.goto(`${stage.hub.url}/activity`);
    await here.goto(`${stage.hub.url}/settings`);
    await hereHand.press(here.getByRole('button', { name: 'Sign out everywhere' }));
    await hereHand.press(here.getByRole('alertdialog').getByRole('button', { name: 'Sign out everywhere' }));
    await here.waitForURL(`${stage.hub.url}/sign-in**`);

    await there.reload();
    await there.waitForURL(`${stage.hub.url}/sign-in?returnTo=**`);
    await thereHand.fill(there.getByLabel('E-mail'), OWNER.email);
    await thereHand.fill(there.getByLabel('Password'), 'not the password at all');
    await thereHand.press(there.getByRole('button', { name: 'Sign in' }));
    await there.getByRole('alert').waitFor();
    await thereHand.fill(there.getByLabel('Password'), OWNER.password);
    await thereHand.press(there.getByRole('button', { name: 'Sign in' }));
    await there.waitForURL(`${stage.hub.url}/activity`);
  });

  test('no page broke the content security policy or threw', () => {
    expect(stage.complaints).toEqual([]);
  });
});
