// P3: the 4 tools of the Granola stand-in.
import { defineTools } from './define.ts';

export const granolaTools = defineTools(
  `
  query_granola_meetings | read | query! document_ids:string[] | Answer a question from meeting notes.
  list_meetings | read | time_range:this_week|last_week|last_30_days|custom custom_start:date custom_end:date | List meetings with title and participants.
  get_meetings | read | meeting_ids!:string[] | Notes, summary and participants of meetings.
  get_meeting_transcript | read | meeting_id! | The transcript of one meeting.
`,
  false,
);
