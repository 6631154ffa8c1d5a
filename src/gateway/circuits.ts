// A circuit for each server that fails: after several faults in a row its calls are refused at once, so that
// agents do not wait for what will not come and a server that struggles is left alone. After a while single
// calls try it again, and the first answer of any kind closes the circuit. What a server refuses (a credential,
// a rate, an argument) is an answer. In this process only: every replica finds out for itself, so a fault on
// the way from one of them closes nothing to the others.

import { ChatelaineError } from '../errors.ts';
import {
  CIRCUIT_BACKOFF_MAX_MS,
  CIRCUIT_BACKOFF_MS,
  CIRCUIT_FAULTS,
  CIRCUIT_FORGET_MS,
  CIRCUIT_PROBE_MS,
  CIRCUIT_WINDOW_MS,
} from '../limits.ts';
import type { ConnectorRecord } from '../store/records.ts';

type Guarded = Pick<ConnectorRecord, 'id' | 'key' | 'name' | 'url'>;

/** How a call went, as far as its server is concerned; `nothing` says nothing about it. */
export type CircuitVerdict = 'answered' | 'fault' | 'nothing';
/** Permission for the one call that tries a server again. */
export type Probe = { readonly until: number };

export type Circuits = {
  /** Before a call: null when the circuit is closed, a probe when this call is to find out. @throws circuit_open */
  enter(connector: Guarded): Probe | null;
  /** After a call that was let in. */
  judge(connector: Guarded, probe: Probe | null, verdict: CircuitVerdict): void;
  /** Keys of the connectors whose circuit is open, those that are being tried again included. */
  open(): readonly string[];
};

type Circuit = {
  readonly key: string;
  readonly url: string;
  /** Times of the last faults in a row, oldest first. */
  faults: number[];
  /** null while the circuit is closed. */
  openedAt: number | null;
  backoffMs: number;
  retryAt: number;
  probe: Probe | null;
};

/** @param now milliseconds since the epoch */
export function createCircuits(now: () => number): Circuits {
  /** Of servers with a fault since their last answer; a server that is well costs one look. */
  const circuits = new Map<string, Circuit>();

  /** Another address is another server. */
  const circuitOf = ({ id, url }: Guarded): Circuit | undefined => {
    const known = circuits.get(id);
    return known?.url === url ? known : undefined;
  };
  const forgetQuiet = (): void => {
    const before = now() - CIRCUIT_FORGET_MS;
    for (const [id, { faults, retryAt }] of circuits)
      if (Math.max(faults.at(-1) ?? 0, retryAt) < before) circuits.delete(id);
  };
  const trip = (circuit: Circuit, at: number): void => {
    circuit.retryAt = at + circuit.backoffMs;
    circuit.backoffMs = Math.min(circuit.backoffMs * 2, CIRCUIT_BACKOFF_MAX_MS);
    circuit.probe = null;
  };
  const blame = (connector: Guarded, probe: Probe | null): void => {
    const at = now();
    let circuit = circuitOf(connector);
    if (circuit === undefined) {
      forgetQuiet();
      const { id, key, url } = connector;
      circuit = { key, url, faults: [], openedAt: null, backoffMs: CIRCUIT_BACKOFF_MS, retryAt: 0, probe: null };
      circuits.set(id, circuit);
    }
    circuit.faults = [...circuit.faults.filter((time) => time > at - CIRCUIT_WINDOW_MS), at].slice(-CIRCUIT_FAULTS);
    if (circuit.openedAt === null) {
      if (circuit.faults.length < CIRCUIT_FAULTS) return;
      circuit.openedAt = at;
      trip(circuit, at);
    } else if (probe !== null && circuit.probe === probe) {
      // Calls from before the opening may fail as late as they like; only a probe says that it still lasts.
      trip(circuit, at);
    }
  };

  return {
    enter(connector) {
      const circuit = circuitOf(connector);
      if (circuit === undefined || circuit.openedAt === null) return null;
      const at = now();
      const busyUntil = circuit.probe?.until ?? 0;
      if (at < circuit.retryAt || at < busyUntil) throw circuitOpen(connector, circuit, circuit.openedAt, at);
      circuit.probe = { until: at + CIRCUIT_PROBE_MS };
      return circuit.probe;
    },
    judge(connector, probe, verdict) {
      if (verdict === 'fault') return blame(connector, probe);
      const circuit = circuitOf(connector);
      if (circuit === undefined) return;
      if (verdict === 'answered') circuits.delete(connector.id);
      else if (probe !== null && circuit.probe === probe) circuit.probe = null;
    },
    open() {
      forgetQuiet();
      return [...circuits.values()].filter(({ openedAt }) => openedAt !== null).map(({ key }) => key);
    },
  };
}

function circuitOpen({ name }: Guarded, { retryAt, probe }: Circuit, openedAt: number, at: number): ChatelaineError {
  const isTried = probe !== null && at >= retryAt;
  const retryAfterSeconds = isTried ? 1 : Math.max(1, Math.ceil((retryAt - at) / 1000));
  const since = new Date(openedAt).toISOString();
  const when = isTried ? 'another call is trying it right now' : `it will be tried again in ${retryAfterSeconds} s`;
  return new ChatelaineError('circuit_open', `${name} has been failing since ${since}, so nothing was sent; ${when}.`, {
    details: { retryAfterSeconds },
  });
}
