// Providers whose MCP servers are publicly documented: a tile to click instead of an address to know. Addresses
// and kinds of sign-in were gathered in November 2026; what a server says when it is probed decides, not this list.

import type { AuthType, CredentialMode } from '../store/records.ts';

export const CATALOGUE_CATEGORIES = [
  'code',
  'communication',
  'customers',
  'data',
  'design',
  'documentation',
  'infrastructure',
  'knowledge',
  'observability',
  'payments',
  'projects',
  'search',
] as const;

type Entry = {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly authType: AuthType;
  /** A proposal: `per_agent` where what is behind it is one person's. */
  readonly credentialMode: CredentialMode | null;
  readonly category: (typeof CATALOGUE_CATEGORIES)[number];
  readonly description: string;
  readonly docsUrl: string;
  /** The provider registers no clients by itself: a person makes one there and enters its client id here. */
  readonly needsClient: boolean;
};

// id | name | address | sign-in | category | what is behind it | documentation [| needs client]; the four that the
// demo imitates first, the others by name.
const TABLE = `
  linear | Linear | https://mcp.linear.app/mcp | oauth shared | projects | Issues, projects and cycles | https://linear.app/docs/mcp
  sentry | Sentry | https://mcp.sentry.dev/mcp | oauth shared | observability | Errors, issues and performance | https://docs.sentry.io/product/sentry-mcp/
  granola | Granola | https://mcp.granola.ai/mcp | oauth per_agent | knowledge | Notes of one person’s meetings | https://docs.granola.ai/help-center/sharing/integrations/mcp
  render | Render | https://mcp.render.com/mcp | bearer per_agent | infrastructure | Services, deploys and logs | https://render.com/docs/mcp-server
  airtable | Airtable | https://mcp.airtable.com/mcp | oauth shared | data | Bases, tables and records | https://support.airtable.com/docs/using-the-airtable-mcp-server
  amplitude | Amplitude | https://mcp.amplitude.com/mcp | oauth shared | data | Product analytics | https://amplitude.com/docs
  asana | Asana | https://mcp.asana.com/v2/mcp | oauth shared | projects | Tasks and projects | https://developers.asana.com/docs/mcp-server | needs client
  atlassian | Atlassian (Jira, Confluence) | https://mcp.atlassian.com/v1/mcp | oauth shared | projects | Jira issues and Confluence pages | https://support.atlassian.com/atlassian-rovo-mcp-server/
  attio | Attio | https://mcp.attio.com/mcp | oauth shared | customers | Contacts, companies and deals | https://docs.attio.com
  aws_knowledge | AWS Knowledge | https://knowledge-mcp.global.api.aws | none - | documentation | AWS documentation | https://awslabs.github.io/mcp/servers/aws-knowledge-mcp-server/
  box | Box | https://mcp.box.com | oauth shared | knowledge | Files and folders | https://developer.box.com/guides/box-mcp/ | needs client
  canva | Canva | https://mcp.canva.com/mcp | oauth per_agent | design | Designs and assets | https://www.canva.dev/docs/
  clickup | ClickUp | https://mcp.clickup.com/mcp | oauth shared | projects | Tasks and docs | https://developer.clickup.com/docs/connect-an-ai-assistant-to-clickups-mcp-server
  cloudflare | Cloudflare | https://mcp.cloudflare.com/mcp | oauth shared | infrastructure | The whole Cloudflare API | https://developers.cloudflare.com/agents/model-context-protocol/
  cloudflare_workers | Cloudflare Workers | https://bindings.mcp.cloudflare.com/mcp | oauth shared | infrastructure | Workers with their storage and databases | https://developers.cloudflare.com/agents/model-context-protocol/
  cloudflare_docs | Cloudflare documentation | https://docs.mcp.cloudflare.com/mcp | none - | documentation | Cloudflare’s documentation | https://developers.cloudflare.com/agents/model-context-protocol/
  context7 | Context7 | https://mcp.context7.com/mcp | none - | documentation | Documentation of libraries, by version | https://context7.com
  deepwiki | DeepWiki | https://mcp.deepwiki.com/mcp | none - | documentation | Questions about public GitHub repositories | https://docs.devin.ai/work-with-devin/deepwiki-mcp
  dropbox | Dropbox | https://mcp.dropbox.com/mcp | oauth shared | knowledge | Files and folders | https://www.dropbox.com/developers
  exa | Exa | https://mcp.exa.ai/mcp | oauth shared | search | Search of the web | https://docs.exa.ai/reference/exa-mcp
  figma | Figma | https://mcp.figma.com/mcp | oauth per_agent | design | Designs as context for code | https://developers.figma.com/docs/figma-mcp-server/
  fireflies | Fireflies | https://api.fireflies.ai/mcp | oauth per_agent | knowledge | Transcripts of meetings | https://docs.fireflies.ai
  github | GitHub | https://api.githubcopilot.com/mcp/ | bearer per_agent | code | Repositories, issues and pull requests; takes a personal access token | https://github.com/github/github-mcp-server
  gitlab | GitLab | https://gitlab.com/api/v4/mcp | oauth shared | code | Projects, issues and merge requests | https://docs.gitlab.com/user/gitlab_duo/model_context_protocol/mcp_server/
  hubspot | HubSpot | https://mcp.hubspot.com | oauth shared | customers | Contacts, companies and deals | https://developers.hubspot.com/mcp | needs client
  hugging_face | Hugging Face | https://huggingface.co/mcp | oauth shared | data | Models, data sets and papers | https://huggingface.co/docs/hub/en/hf-mcp-server
  intercom | Intercom | https://mcp.intercom.com/mcp | oauth shared | customers | Conversations and contacts | https://developers.intercom.com/docs/guides/mcp
  klaviyo | Klaviyo | https://mcp.klaviyo.com/mcp | oauth shared | customers | Campaigns and profiles | https://developers.klaviyo.com
  microsoft_learn | Microsoft Learn | https://learn.microsoft.com/api/mcp | none - | documentation | Microsoft’s documentation | https://learn.microsoft.com/training/support/mcp
  mixpanel | Mixpanel | https://mcp.mixpanel.com/mcp | oauth shared | data | Product analytics | https://docs.mixpanel.com
  monday | monday.com | https://mcp.monday.com/mcp | oauth shared | projects | Boards and items | https://developer.monday.com
  neon | Neon | https://mcp.neon.tech/mcp | oauth shared | data | Postgres projects and branches | https://neon.com/docs/ai/neon-mcp-server
  notion | Notion | https://mcp.notion.com/mcp | oauth shared | knowledge | Pages and databases | https://developers.notion.com/docs/mcp
  pagerduty | PagerDuty | https://mcp.pagerduty.com/mcp | oauth shared | observability | Incidents and on-call | https://support.pagerduty.com | needs client
  paypal | PayPal | https://mcp.paypal.com/mcp | oauth shared | payments | Invoices, orders and disputes | https://developer.paypal.com
  planetscale | PlanetScale | https://mcp.pscale.dev/mcp/planetscale | oauth shared | data | Databases and branches | https://planetscale.com/docs
  slack | Slack | https://mcp.slack.com/mcp | oauth shared | communication | Channels and messages | https://docs.slack.dev/ai/mcp-server/ | needs client
  stripe | Stripe | https://mcp.stripe.com | oauth shared | payments | Customers, payments and subscriptions | https://docs.stripe.com/mcp
  supabase | Supabase | https://mcp.supabase.com/mcp | oauth shared | data | Postgres projects, tables and functions | https://supabase.com/docs/guides/getting-started/mcp
  tavily | Tavily | https://mcp.tavily.com/mcp | oauth shared | search | Search of the web | https://docs.tavily.com/documentation/mcp
  todoist | Todoist | https://ai.todoist.net/mcp | oauth per_agent | projects | Tasks of one person | https://developer.todoist.com
  vercel | Vercel | https://mcp.vercel.com | oauth shared | infrastructure | Projects, deployments and logs | https://vercel.com/docs/mcp/vercel-mcp
`;

export const CATALOGUE: readonly Entry[] = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [id = '', name = '', url = '', signIn = '', category, description = '', docsUrl = '', client] = line
      .split('|')
      .map((cell) => cell.trim());
    const [authType, mode] = signIn.split(' ');
    return {
      ...{ id, name, url, description, docsUrl },
      authType: authType as AuthType,
      credentialMode: mode === '-' ? null : (mode as CredentialMode),
      category: category as Entry['category'],
      needsClient: client !== undefined,
    };
  });
