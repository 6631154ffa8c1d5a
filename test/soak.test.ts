// A taste of `npm run soak`: some seconds with few agents, and an answer that is wrong on purpose.

import { expect, test } from 'vitest';
import { Fact } from '../soak/facts.ts';
import { judgeMemory, memoryComplaints } from '../soak/report.ts';
import { soak } from '../soak/soak.ts';

test('a hub at work while everything beneath it changes gives no wrong answer', { timeout: 120_000 }, async () => {
  const report = await soak({ seconds: 15, agents: 20, rate: 60, seed: 7, judgesMemory: false });
  expect(report.complaints).toEqual([]);
  expect(report.outcomes.answer).toBeGreaterThan(100);
  expect(Object.keys(report.changes).length).toBeGreaterThan(4);
  expect(report.samples.length).toBeGreaterThan(10);
});

test('what is changed may be taken for either while it changes and a moment after, and not for longer', async () => {
  const fact = new Fact('before', 1_000);
  const started = Date.now();
  expect(fact.possible(started, started)).toEqual(['before']);
  await fact.change('after', async () => expect(fact.possible(Date.now(), Date.now())).toEqual(['before', 'after']));
  const ended = Date.now();
  expect(fact.possible(ended + 900, ended + 900)).toEqual(['before', 'after']);
  expect(fact.possible(ended + 1_100, ended + 1_200)).toEqual(['after']);
  expect(fact.now).toBe('after');
});

test('memory that grows by more than a tenth after the warm-up is a complaint', () => {
  const samples = (growth: number) =>
    Array.from({ length: 100 }, (_, atSeconds) => {
      const bytes = 100_000_000 * (atSeconds < 15 ? 0.5 : 1 + (growth * atSeconds) / 100);
      return { atSeconds, rss: bytes, heapUsed: bytes };
    });
  const complaintsAt = (growth: number): string[] => {
    const memory = judgeMemory(samples(growth), 100);
    return memory === null ? ['none'] : memoryComplaints(memory);
  };
  expect(complaintsAt(0.02)).toEqual([]);
  expect(complaintsAt(0.3)).toEqual([expect.stringContaining('heap'), expect.stringContaining('rss')]);
  expect(judgeMemory([], 100)).toBeNull();
});
