// P2: the 14 tools of the Sentry stand-in.
import { defineTools } from './define.ts';

export const sentryTools = defineTools(`
  whoami | read |  | The signed-in user: name, e-mail address and id.
  find_organizations | read | query | Organizations the user can see.
  find_teams | read | organizationSlug! query | Teams of an organization.
  find_projects | read | organizationSlug! query | Projects of an organization.
  find_releases | read | organizationSlug! projectSlug query | Releases, newest first.
  get_issue_details | read | organizationSlug issueId issueUrl eventId | One issue with stack trace, tags and latest event.
  get_trace_details | read | organizationSlug! traceId! | A trace with its spans.
  get_event_attachment | read | organizationSlug! projectSlug! eventId! attachmentId | Files attached to an event.
  update_issue | update | organizationSlug! issueId! status:resolved|unresolved|ignored assignedTo | Resolve, ignore or assign an issue.
  search_events | read | organizationSlug! naturalLanguageQuery! projectSlug limit:integer | Search events, logs and spans, or count them.
  search_issues | read | organizationSlug! naturalLanguageQuery! projectSlugOrId limit:integer | Search grouped issues.
  create_project | write | organizationSlug! teamSlug! name! platform | Create a project and its DSN.
  analyze_issue_with_seer | read | organizationSlug issueId issueUrl instruction | Root cause analysis of an issue.
  search_docs | read | query! maxResults:integer guide | Search the Sentry documentation.
`);
