// P4: the 24 tools of the Render stand-in. The workspace is chosen inside the protocol with select_workspace.
import { defineTools } from './define.ts';

const RANGE = 'startTime:date endTime:date';

export const renderTools = defineTools(`
  list_workspaces | read |  | List the workspaces this API key can use.
  select_workspace | update | ownerID! | Choose the workspace that all other tools work in.
  get_selected_workspace | read |  | The workspace chosen with select_workspace.
  list_services | read | includePreviews:boolean | List the services of the workspace.
  get_service | read | serviceId! | One service.
  create_web_service | write | name! runtime!:node|python|go|rust|ruby|docker repo branch buildCommand! startCommand! plan region | Create a web service.
  create_static_site | write | name! buildCommand! publishPath repo branch | Create a static site.
  create_cron_job | write | name! schedule! runtime!:node|python|go|rust|ruby|docker buildCommand! startCommand! repo | Create a cron job.
  update_web_service | update | serviceId! name buildCommand startCommand | Change a web service.
  update_static_site | update | serviceId! name buildCommand publishPath | Change a static site.
  update_cron_job | update | serviceId! schedule startCommand | Change a cron job.
  update_environment_variables | update | serviceId! envVars!:object[] replace:boolean | Set environment variables of a service.
  list_deploys | read | serviceId! limit:integer cursor | List the deploys of a service.
  get_deploy | read | serviceId! deployId! | One deploy.
  list_logs | read | resource!:string[] level:string[] text:string[] limit:integer ${RANGE} | Read logs.
  list_log_label_values | read | label!:instance|host|statusCode|method|level|type resource!:string[] ${RANGE} | Values of a log label.
  get_metrics | read | resourceId! metricTypes!:string[] resolution:integer ${RANGE} | CPU, memory, request counts and latency.
  list_postgres_instances | read |  | List the PostgreSQL databases.
  get_postgres | read | postgresId! | One PostgreSQL database.
  create_postgres | write | name! plan! region version:integer diskSizeGb:integer | Create a PostgreSQL database.
  query_render_postgres | read | postgresId! sql! | Run a read-only SQL query.
  list_key_value | read |  | List the Key Value instances.
  get_key_value | read | keyValueId! | One Key Value instance.
  create_key_value | write | name! plan! region maxmemoryPolicy | Create a Key Value instance.
`);
