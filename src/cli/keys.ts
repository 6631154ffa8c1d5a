// `chatelaine keys`: a new encryption key, every secret brought under it, and the proof that all open.

import { generateKey } from '../vault/keyring.ts';
import type { RotationReport, VerificationReport } from '../vault/rotate.ts';
import { command } from './command.ts';
import { table } from './output.ts';
import { STORE_OPTIONS } from './setting-options.ts';
import { CLI, withHub } from './with-hub.ts';

export const generate = command({
  details: [
    'Put it before the present entries, separated by a comma: the first encrypts, all decrypt. With several',
    'replicas put it behind them until every replica knows it: docs/operations.md.',
  ].join('\n'),
  options: {},
  async run(_call, output) {
    const entry = generateKey();
    output.result({ entry, id: entry.slice(0, entry.indexOf(':')) }, entry);
    return 0;
  },
});

export const rotate = command({
  details: [
    'First put the new key before the old ones (CHATELAINE_ENCRYPTION_KEYS, what its command prints, or the key',
    'file, as "new,old") and restart every hub of this database. With several replicas each must know the new key',
    'before one writes with it: docs/operations.md. May be stopped at any moment and run again, beside running',
    'hubs; says when the old keys may go.',
  ].join('\n'),
  options: STORE_OPTIONS,
  async run({ values }, output) {
    const kinds = await withHub(values, output, (hub) =>
      hub.keys.rotate(CLI, (kind, checked) => {
        if (checked > 0) output.note(`${kind}: ${checked} looked at`);
      }),
    );
    const [unreadable, overtaken] = [sum(kinds, 'unreadable'), sum(kinds, 'overtaken')];
    const complete = unreadable === 0 && overtaken === 0;
    output.result({ complete, kinds }, `${rotationTable(kinds)}\n\n${rotationVerdict(unreadable, overtaken)}`);
    return complete ? 0 : 1;
  },
});

export const verify = command({
  details: 'Changes no secret. A credential that does not open is marked, so that it asks to be connected again.',
  options: STORE_OPTIONS,
  async run({ values }, output) {
    const kinds = await withHub(values, output, (hub) => hub.keys.verify());
    const unreadable = sum(kinds, 'unreadable');
    const data = { ok: unreadable === 0, oldKeysNeeded: sum(kinds, 'outdated') > 0, kinds };
    output.result(data, `${verificationTable(kinds)}\n\n${verificationVerdict(kinds)}`);
    return data.ok ? 0 : 1;
  },
});

type Numbers<Name extends string> = readonly { readonly [name in Name]: number }[];

function sum<Name extends string>(report: Numbers<Name>, name: Name): number {
  return report.reduce((total, entry) => total + entry[name], 0);
}

function rotationTable(report: RotationReport): string {
  return table(
    ['SECRETS', 'CHECKED', 'RE-ENCRYPTED', 'UNREADABLE', 'CHANGED MEANWHILE'],
    report.map((entry) => [
      entry.kind,
      ...[entry.checked, entry.reencrypted, entry.unreadable, entry.overtaken].map(String),
    ]),
  );
}

function rotationVerdict(unreadable: number, overtaken: number): string {
  if (unreadable > 0) {
    return `${unreadable} did not open with any of the given keys and stayed as they were: add the key that they need and run this again.`;
  }
  if (overtaken > 0)
    return `${overtaken} were changed by a running hub meanwhile: run this again. Keep the old keys until then.`;
  return 'All secrets are under the first key. Let "keys verify" prove it; then the old keys may be removed, once every running hub has the new setting.';
}

function verificationTable(report: VerificationReport): string {
  return table(
    ['SECRETS', 'CHECKED', 'UNREADABLE', 'UNDER AN OLD KEY'],
    report.map((entry) => [entry.kind, ...[entry.checked, entry.unreadable, entry.outdated].map(String)]),
  );
}

function verificationVerdict(report: VerificationReport): string {
  const broken = report.filter((entry) => entry.unreadable > 0);
  if (broken.length > 0) {
    const what = broken.map((entry) => `${entry.unreadable} of ${entry.kind}`).join(', ');
    return `Does not open: ${what}. Add the key that is missing to the encryption keys, or enter and connect those anew.`;
  }
  const outdated = sum(report, 'outdated');
  if (outdated === 0) return 'All open with the first key; others are not needed.';
  return `All open; ${outdated} only with a key that is not the first. Run "keys rotate" before removing it.`;
}
