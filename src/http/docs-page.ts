// The OpenAPI document and a page that shows it, both without a token: they hold no data.

import type { OpenAPIHono } from '@hono/zod-openapi';
import { html, raw } from 'hono/html';
import { policyForStyle } from './content-policy.ts';
import type { HttpDependencies, HttpEnvironment } from './environment.ts';
import { LOGO, PLAIN_STYLE } from './plain-style.ts';

type Operation = {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: unknown;
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>;
};

const STYLE = `${PLAIN_STYLE}main{max-width:60rem;margin:2.5rem auto 5rem;padding:0 1.25rem}
h1{font-size:1.25rem;margin:1rem 0 0}h2{margin:2.5rem 0 .75rem;font-size:.9375rem}
details{border:1px solid var(--line);border-radius:.5rem;background:var(--surface);margin:.375rem 0}
summary{cursor:pointer;padding:.5rem .875rem;display:flex;gap:.25rem .75rem;align-items:baseline;flex-wrap:wrap;list-style:none}
.m{font:600 .75rem ui-monospace,monospace;min-width:3.5rem;color:var(--soft)}.p{font:.8125rem ui-monospace,monospace;overflow-wrap:anywhere}
.s{color:var(--soft);font-size:.8125rem}.d{padding:0 .875rem .875rem;font-size:.8125rem;border-top:1px solid var(--line)}
pre{overflow:auto;font-size:.75rem;line-height:1.5;padding:.75rem;background:var(--sunken);border-radius:.5rem}
table{border-collapse:collapse}td{padding:.125rem 1rem .125rem 0;vertical-align:top;font-size:.8125rem}`;
const policy = policyForStyle(STYLE);

export function mountDocs(app: OpenAPIHono<HttpEnvironment>, { hub, people, version }: HttpDependencies): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiToken', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API token',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: people.cookieName,
    description: 'A person who signed in; changes must come from a page of this hub',
  });
  const document = () =>
    app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Chatelaine',
        version,
        description: 'Keeps the keys that AI agents need for third-party MCP servers.',
      },
      servers: [{ url: hub.baseUrl }],
    });
  app.get('/api/openapi.json', (c) => c.json(document()));
  app.get('/api/docs', async (c) => {
    c.header('content-security-policy', await policy());
    const { paths, components } = document() as unknown as {
      paths: Record<string, Record<string, Operation>>;
      components: { schemas?: Record<string, unknown> };
    };
    const groups = new Map<string, { method: string; path: string; operation: Operation }[]>();
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const tag = operation.tags?.[0] ?? 'Other';
        groups.set(tag, [...(groups.get(tag) ?? []), { method, path, operation }]);
      }
    }
    const pretty = (value: unknown) => html`<pre>${JSON.stringify(value, null, 2)}</pre>`;
    const rows = [...groups].map(
      ([tag, operations]) =>
        html`<h2>${tag}</h2>${operations.map(
          ({
            method,
            path,
            operation,
          }) => html`<details><summary><span class="m">${method.toUpperCase()}</span><span class="p">${path}</span><span class="s">${operation.summary ?? ''}</span></summary><div class="d">
${(operation.parameters ?? []).length === 0 ? '' : html`<p>Parameters</p><table>${(operation.parameters ?? []).map((p) => html`<tr><td class="p">${p.name}</td><td class="s">${p.in}${p.required ? ', required' : ''}</td></tr>`)}</table>`}
${operation.requestBody === undefined ? '' : html`<p>Body</p>${pretty(operation.requestBody)}`}
<p>Answers</p><table>${Object.entries(operation.responses ?? {}).map(([status, response]) => html`<tr><td class="p">${status}</td><td>${response.description ?? ''}</td></tr>`)}</table></div></details>`,
        )}`,
    );
    const schemas = Object.entries(components.schemas ?? {}).map(
      ([name, schema]) =>
        html`<details><summary><span class="p">${name}</span></summary><div class="d">${pretty(schema)}</div></details>`,
    );
    return c.html(
      html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Chatelaine API</title><style>${raw(STYLE)}</style></head><body><main>${raw(LOGO)}<h1>Chatelaine API</h1><p class="s">Version ${version}. Send <code>Authorization: Bearer</code> with an API token; <code>chatelaine tokens create</code> makes one. The whole document: <a href="openapi.json">openapi.json</a>.</p>${rows}<h2>Shapes</h2>${schemas}</main></body></html>`,
    );
  });
}
