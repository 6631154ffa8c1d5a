// Sign-in and consent in one step, for oidc-provider's interactions: a plain page, or no page at all (autoApprove).
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { SignIn } from './types.ts';

/** Accounts the page offers; any other may be set as `signIn.account`. */
const ACCOUNTS = ['ada@example.test', 'ben@example.test', 'chloe@example.test'];

type Page = { displayName: string; signIn: SignIn; resourceScopes: () => string[] };

/** Handles GET (the page, or an automatic decision) and POST (the buttons) of one interaction. */
export async function handleInteraction(
  provider: Provider,
  page: Page,
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  const form = new URLSearchParams(body);
  const { autoApprove, account, deny } = page.signIn;

  if (request.method === 'POST' || autoApprove) {
    const denied = autoApprove ? deny === true : form.get('decision') !== 'allow';
    const result = denied
      ? { error: 'access_denied', error_description: 'The user did not allow access' }
      : await consent(provider, page, params, form.get('account') ?? account);
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    return;
  }

  const client = await provider.Client.find(String(params.client_id));
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(
    render({
      provider: page.displayName,
      client: client?.clientName ?? String(params.client_id),
      scopes: String(params.scope ?? ''),
      resource: String(params.resource ?? ''),
      redirectUri: String(params.redirect_uri ?? ''),
      accounts: [...new Set([account, ...ACCOUNTS])],
    }),
  );
}

/** Signs the account in and grants what was asked for, so that oidc-provider has nothing left to prompt for. */
async function consent(provider: Provider, page: Page, params: Record<string, unknown>, accountId: string) {
  const grant = new provider.Grant({ accountId, clientId: String(params.client_id) });
  const requested = String(params.scope ?? '')
    .split(' ')
    .filter(Boolean);
  const known = page.resourceScopes();
  grant.addOIDCScope(requested.filter((scope) => !known.includes(scope)).join(' '));
  if (params.resource) {
    grant.addResourceScope(String(params.resource), requested.filter((scope) => known.includes(scope)).join(' '));
  }
  return { login: { accountId, remember: false }, consent: { grantId: await grant.save() } };
}

function render(
  view: Record<'provider' | 'client' | 'scopes' | 'resource' | 'redirectUri', string> & { accounts: string[] },
) {
  const options = view.accounts.map((account) => `<option>${escapeHtml(account)}</option>`).join('');
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Allow access to ${escapeHtml(view.provider)}</title>
<style>body{font:16px/1.5 system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem}dt{color:#666}dd{margin:0 0 .75rem}
button,select{font:inherit;padding:.5rem 1.25rem}</style>
<h1>${escapeHtml(view.provider)}</h1>
<p><strong>${escapeHtml(view.client)}</strong> wants to use your account. This is a local stand-in, nothing real is behind it.</p>
<dl><dt>Scopes</dt><dd id="scopes">${escapeHtml(view.scopes || 'none')}</dd>
<dt>Resource</dt><dd id="resource">${escapeHtml(view.resource || 'none')}</dd>
<dt>Returns to</dt><dd id="redirect-uri">${escapeHtml(view.redirectUri)}</dd></dl>
<form method="post"><p><label>Signed in as <select name="account">${options}</select></label></p>
<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form>
</html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
