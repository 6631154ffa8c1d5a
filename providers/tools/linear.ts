// P1: the 45 tools of the Linear stand-in.
import { defineTools } from './define.ts';

const PAGE = 'limit:integer before after';

export const linearTools = defineTools(`
  list_issues | read | team assignee state project label query ${PAGE} | List issues, newest first, with filters.
  list_my_issues | read | state ${PAGE} | List issues assigned to the signed-in user.
  get_issue | read | id! | One issue with its description, state, labels and attachments.
  create_issue | write | title! team! description assignee state project labels:string[] priority:integer dueDate:date parentId | Create an issue in a team.
  update_issue | update | id! title description assignee state project labels:string[] priority:integer dueDate:date | Change fields of an issue.
  archive_issue | update | id! | Archive an issue.
  delete_issue | delete | id! | Move an issue to the trash.
  get_issue_git_branch_name | read | id! | The git branch name that Linear suggests for an issue.
  create_issue_relation | write | issueId! relatedIssueId! type!:blocks|duplicate|related | Relate two issues.
  delete_issue_relation | delete | id! | Remove a relation between issues.
  list_comments | read | issueId! ${PAGE} | List the comments of an issue.
  create_comment | write | issueId! body! parentId | Comment on an issue, in Markdown.
  update_comment | update | id! body! | Change the text of a comment.
  delete_comment | delete | id! | Delete a comment.
  list_issue_statuses | read | team! | List the workflow states of a team.
  get_issue_status | read | team! query! | One workflow state, by name or id.
  list_issue_labels | read | team name | List the labels issues can have.
  create_issue_label | write | name! color teamId description | Create a label.
  list_projects | read | team status member ${PAGE} | List projects.
  get_project | read | query! | One project with its milestones and members.
  create_project | write | name! team! summary description lead startDate:date targetDate:date | Create a project.
  update_project | update | id! name summary description lead state startDate:date targetDate:date | Change fields of a project.
  list_project_labels | read | name | List the labels projects can have.
  list_project_updates | read | project! ${PAGE} | List the status updates of a project.
  create_project_update | write | project! body! health:onTrack|atRisk|offTrack | Post a status update to a project.
  list_milestones | read | project! | List the milestones of a project.
  create_milestone | write | project! name! targetDate:date | Add a milestone to a project.
  update_milestone | update | id! name targetDate:date | Change a milestone.
  list_initiatives | read | ${PAGE} | List initiatives.
  get_initiative | read | query! | One initiative with its projects.
  create_initiative | write | name! description owner targetDate:date | Create an initiative.
  update_initiative | update | id! name description owner targetDate:date | Change an initiative.
  list_cycles | read | teamId! type:current|previous|next | List the cycles of a team.
  list_documents | read | query project ${PAGE} | List documents.
  get_document | read | id! | One document, as Markdown.
  create_document | write | title! project! content | Create a document in a project.
  update_document | update | id! title content | Change a document.
  list_teams | read | query ${PAGE} | List the teams of the workspace.
  get_team | read | query! | One team, by name, key or id.
  list_users | read | query team ${PAGE} | List the members of the workspace.
  get_user | read | query! | One member, by name, e-mail address or id; "me" is the signed-in user.
  list_attachments | read | issueId! | List what is attached to an issue.
  create_attachment | write | issueId! url! title | Attach a link to an issue.
  list_notifications | read | ${PAGE} | List the inbox of the signed-in user.
  search_documentation | read | query! page:integer | Search the Linear documentation.
`);
