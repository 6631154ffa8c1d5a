// What came back from the provider in the browser's hands. First who speaks (`iss`, RFC 9207), then what is
// said: nothing of a response from the wrong server is acted on or shown. That `state` belongs to a flow of
// this browser was checked before.

import { ChatelaineError, quoteForeign } from '../errors.ts';
import { Secret } from '../secret.ts';
import { isValue, oneLine } from './foreign-document.ts';
import { foreignDetails, inItsWords } from './oauth-fault.ts';
import type { AuthorizationServer } from './types.ts';

/** What a person is told for the errors of RFC 6749 section 4.1.2.1 that they can do something about. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ['access_denied', 'The sign-in was declined at the provider. Connect again and allow access'],
  [
    'invalid_scope',
    'The provider does not grant the scopes that were asked for. Set oauth.scope to ones that it knows',
  ],
  ['invalid_target', 'The provider does not accept the resource parameter. Set oauth.resourcePolicy to never'],
  [
    'unauthorized_client',
    'The provider does not let this client sign people in. Register again, or correct oauth.clientId',
  ],
  ['invalid_client', 'The provider does not know this client. Register again, or correct oauth.clientId'],
  ['server_error', 'The provider had a fault. Connect again in a while'],
  ['temporarily_unavailable', 'The provider is overloaded. Connect again in a while'],
]);

/**
 * The code in an authorization response.
 *
 * @param request.expectedIssuer recorded when the flow began; compared character by character, since any
 *   normalisation would let one issuer pass for another
 * @throws issuer_mismatch: somebody else answered, or an answer lacks the `iss` that its server promises
 * @throws authorization_response_invalid: parameters twice, or no usable code
 * @throws authorization_denied: the provider answered with an error, in `details`
 * @see RFC 9207 section 2.4, MCP 2026-07-28 authorization, "Authorization Response Validation"
 */
export function validateAuthorizationResponse(request: {
  readonly parameters: URLSearchParams;
  readonly server: AuthorizationServer;
  readonly expectedIssuer: string;
}): { code: Secret } {
  const { parameters, server, expectedIssuer } = request;
  checkIssuer(parameters, server, expectedIssuer);
  const error = single(parameters, 'error');
  if (error !== null) throw denied(error, single(parameters, 'error_description'));
  const code = single(parameters, 'code');
  if (code === null || !isValue(code)) throw invalid('The provider sent neither a code nor an error. Connect again.');
  return { code: new Secret(code) };
}

function checkIssuer(parameters: URLSearchParams, server: AuthorizationServer, expectedIssuer: string): void {
  const iss = single(parameters, 'iss');
  if (server.issuer !== expectedIssuer || (iss !== null && iss !== expectedIssuer)) {
    throw new ChatelaineError(
      'issuer_mismatch',
      // The foreign name stays out: whoever made this response up must not get words onto our page.
      `This answer does not come from ${quoteForeign(expectedIssuer)}, where the sign-in was begun, so it is not used. Connect again; if this stays so, check oauth.issuer.`,
    );
  }
  if (iss === null && server.authorization_response_iss_parameter_supported === true) {
    throw new ChatelaineError(
      'issuer_mismatch',
      `This answer does not say that it comes from ${quoteForeign(expectedIssuer)}, although that server always does, so it is not used. Connect again.`,
    );
  }
}

/** RFC 6749 section 3.1: a parameter must not come twice; readers differ on which one counts. */
function single(parameters: URLSearchParams, name: string): string | null {
  const [value, ...more] = parameters.getAll(name);
  if (more.length > 0)
    throw invalid(`The provider's answer has ${name} more than once, so it is not used. Connect again.`);
  return value ?? null;
}

function denied(error: string, description: string | null): ChatelaineError {
  const foreign = { code: oneLine(error) ?? 'unnamed', text: oneLine(description ?? '') };
  const advice = ADVICE.get(foreign.code) ?? 'The provider refused the sign-in';
  return new ChatelaineError('authorization_denied', `${advice}${inItsWords(foreign)}.`, {
    details: foreignDetails(foreign),
  });
}

function invalid(message: string): ChatelaineError {
  return new ChatelaineError('authorization_response_invalid', message);
}
