// What a server asks back before it goes on: a form to fill in or a page to open, to be answered, declined or
// cancelled. Whoever reads it must see whose words these are.

import { ExternalLink } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { type Question, type QuestionAnswer, questionsOf } from '../../model/input-request.ts';
import { argumentsOf } from '../../model/schema-form.ts';
import { CopyLine } from '../../ui/copy.tsx';
import { Button, Note } from '../../ui/parts.tsx';
import { SchemaControl } from './schema-control.tsx';

type Entered = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function AskBack({
  server,
  result,
  busy,
  answer,
}: {
  server: string;
  result: Record<string, unknown>;
  busy: boolean;
  answer: (answers: Record<string, QuestionAnswer>) => void;
}) {
  const questions = questionsOf(result);
  const [entered, setEntered] = useState<Entered>({});
  const [mistake, setMistake] = useState<string | null>(null);
  const unknown = questions.some(({ kind }) => kind === 'unknown');

  const tell = (action: 'decline' | 'cancel') =>
    answer(Object.fromEntries(questions.map(({ name }) => [name, { action }])));
  const accept = (event: FormEvent) => {
    event.preventDefault();
    setMistake(null);
    try {
      answer(Object.fromEntries(questions.map((one) => [one.name, acceptedOf(one, entered[one.name] ?? {})])));
    } catch (error) {
      setMistake(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form onSubmit={accept} className="card" aria-labelledby="asks-back">
      <div className="border-b border-line px-5 py-3.5" role="status">
        <h2 id="asks-back" className="text-base">
          {server} asks back
        </h2>
        <p className="text-sm text-ink-3">
          The questions are the server’s own, and it gets what you enter. Never enter a password or a key.
        </p>
      </div>
      <div className="divide-y divide-line">
        {questions.map((question) => (
          <div key={question.name} className="space-y-4 p-5">
            <p className="text-sm whitespace-pre-line [overflow-wrap:anywhere]">{question.message}</p>
            <Body
              question={question}
              entered={entered[question.name] ?? {}}
              enter={(field, value) =>
                setEntered((old) => ({ ...old, [question.name]: { ...old[question.name], [field]: value } }))
              }
            />
          </div>
        ))}
        {mistake !== null && (
          <div className="p-5">
            <Note kind="bad" live title={mistake} />
          </div>
        )}
      </div>
      <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-5 py-3.5">
        {questions.length > 0 && (
          <>
            <Button kind="ghost" busy={busy} onClick={() => tell('cancel')}>
              Cancel
            </Button>
            <Button busy={busy} onClick={() => tell('decline')}>
              Decline
            </Button>
          </>
        )}
        {!unknown && (
          <Button type="submit" kind="primary" busy={busy}>
            {labelOf(questions)}
          </Button>
        )}
      </footer>
    </form>
  );
}

function labelOf(questions: readonly Question[]): string {
  if (questions.length === 0) return 'Go on';
  return questions.every(({ kind }) => kind === 'page') ? 'I have done it' : 'Send answer';
}

/** @throws SyntaxError where JSON was asked for and something else entered */
const acceptedOf = (question: Question, entered: Readonly<Record<string, string>>): QuestionAnswer =>
  question.kind === 'form'
    ? { action: 'accept', content: argumentsOf(question.fields, entered) }
    : { action: 'accept' };

function Body({
  question,
  entered,
  enter,
}: {
  question: Question;
  entered: Readonly<Record<string, string>>;
  enter: (field: string, value: string) => void;
}) {
  if (question.kind === 'page')
    return (
      <div className="space-y-3">
        <CopyLine text={question.url} what="address" />
        <a href={question.url} target="_blank" rel="noopener noreferrer" className="btn btn-default">
          <ExternalLink aria-hidden="true" />
          Open {question.host}
        </a>
      </div>
    );
  if (question.kind === 'unknown')
    return <Note kind="warn">It asks in a way that this page cannot answer. Decline or cancel.</Note>;
  return (
    <div className="grid gap-5 sm:grid-cols-2">
      {question.fields.map((field) => (
        <SchemaControl
          key={field.name}
          field={field}
          label={field.title ?? field.name}
          value={entered[field.name] ?? field.initial}
          onChange={(value) => enter(field.name, value)}
        />
      ))}
    </div>
  );
}
