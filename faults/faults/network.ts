// The network between a replica and its database, or the providers, is cut, silent, or slow.

import { type Fault, pause } from '../fault.ts';
import type { World } from '../world.ts';

const LASTS_MS = 6_000;
const KILOBITS = 256;

const mendWires = async ({ replicas }: World): Promise<void> => {
  for (const { database } of replicas) database.mend();
};
const mendNetworks = async ({ replicas }: World): Promise<void> => {
  await Promise.all(replicas.map(({ network }) => network.mend()));
};

export const networkFaults: readonly Fault[] = [
  {
    name: 'network to the database cut at one replica',
    isShort: true,
    async inject({ replicas, random }) {
      random.one(replicas).database.cut();
      await pause(3_000);
    },
    end: mendWires,
  },
  {
    name: 'network to the database silent at one replica',
    async inject({ replicas, random }) {
      random.one(replicas).database.mute();
      await pause(LASTS_MS);
    },
    end: mendWires,
  },
  {
    name: 'network to the database slow at all replicas',
    async inject({ replicas }) {
      for (const { database } of replicas) database.slow(150);
      await pause(LASTS_MS);
    },
    end: mendWires,
  },
  {
    name: 'network to the database very slow at one replica',
    async inject({ replicas, random }) {
      random.one(replicas).database.slow(2_500);
      await pause(LASTS_MS);
    },
    end: mendWires,
  },
  {
    name: 'network to the providers silent at one replica',
    needsNamespaces: true,
    async inject({ replicas, random, excuse }) {
      const from = Date.now();
      await random.one(replicas).network.losesProviders?.();
      await pause(LASTS_MS);
      // A request whose answer was lost may have been granted.
      await excuse.interrupted(from);
    },
    end: mendNetworks,
  },
  {
    name: 'network narrow at one replica',
    needsNamespaces: true,
    async inject({ replicas, random }) {
      await random.one(replicas).network.slowsDown?.(KILOBITS);
      await pause(LASTS_MS);
    },
    end: mendNetworks,
  },
];
