import { beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import type { SealedCell, SealedKind, SealedStore } from '../../src/store/store.ts';
import { parseKeyring } from '../../src/vault/keyring.ts';
import { type CellSource, rotateAll, verifyAll } from '../../src/vault/rotate.ts';
import { createVault } from '../../src/vault/seal.ts';

const OLD = `old:${Buffer.alloc(32, 1).toString('base64')}`;
const NEW = `new:${Buffer.alloc(32, 2).toString('base64')}`;
const before = createVault(parseKeyring(OLD));
const during = createVault(parseKeyring(`${NEW},${OLD}`));
const after = createVault(parseKeyring(NEW));
const KINDS: readonly SealedKind[] = ['connector.headers', 'credential.secret', 'meta.canary'];

class Cells implements CellSource<SealedCell> {
  readonly rows = new Map<string, SealedCell>();
  /** Runs before a replacement, as another process might. */
  meanwhile: (cell: SealedCell) => void = () => {};

  async batch(kind: SealedKind, afterId: string | null, limit: number): Promise<readonly SealedCell[]> {
    return [...this.rows.values()]
      .filter((cell) => cell.kind === kind && (afterId === null || cell.id > afterId))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit);
  }

  async replace(cell: SealedCell, ciphertext: string): Promise<boolean> {
    this.meanwhile(cell);
    if (this.rows.get(cell.kind + cell.id)?.ciphertext !== cell.ciphertext) return false;
    this.put({ ...cell, ciphertext });
    return true;
  }

  put(cell: SealedCell): void {
    this.rows.set(cell.kind + cell.id, cell);
  }
}

let cells: Cells;

async function store(kind: SealedKind, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const context = { kind, id: `id_${String(i).padStart(4, '0')}`, issuer: 'https://as.example', resource: null };
    cells.put({ ...context, ciphertext: await before.seal(new Secret(`${kind} ${i}`), context) });
  }
}

beforeEach(async () => {
  cells = new Cells();
  await store('connector.headers', 3);
  await store('credential.secret', 250);
});

describe('rotateAll', () => {
  test('brings every ciphertext of every kind under the new key, so that the old one can go', async () => {
    expect(await rotateAll({ cells, vault: during, kinds: KINDS })).toEqual([
      { kind: 'connector.headers', checked: 3, reencrypted: 3, unreadable: 0, overtaken: 0 },
      { kind: 'credential.secret', checked: 250, reencrypted: 250, unreadable: 0, overtaken: 0 },
      { kind: 'meta.canary', checked: 0, reencrypted: 0, unreadable: 0, overtaken: 0 },
    ]);
    for (const cell of cells.rows.values()) {
      expect((await after.open(cell.ciphertext, cell)).reveal()).toMatch(new RegExp(`^${cell.kind} \\d+$`));
    }
  });

  test('has nothing to do the second time', async () => {
    await rotateAll({ cells, vault: during, kinds: KINDS });
    const report = await rotateAll({ cells, vault: during, kinds: KINDS });
    expect(report.map(({ checked, reencrypted }) => [checked, reencrypted])).toEqual([
      [3, 0],
      [250, 0],
      [0, 0],
    ]);
  });

  test('goes on where a run that died left off', async () => {
    let left = 120;
    cells.meanwhile = () => {
      left -= 1;
      if (left < 0) throw new Error('the process died');
    };
    await expect(rotateAll({ cells, vault: during, kinds: KINDS })).rejects.toThrow('the process died');
    cells.meanwhile = () => {};
    const report = await rotateAll({ cells, vault: during, kinds: KINDS });
    expect(report.map(({ reencrypted }) => reencrypted)).toEqual([0, 133, 0]);
    expect(await verifyAll({ cells, vault: after, kinds: KINDS })).toMatchObject([
      { unreadable: 0 },
      { unreadable: 0 },
      {},
    ]);
  });

  test('reports an unreadable ciphertext, leaves it as it is and goes on with the others', async () => {
    const [first, second] = [...cells.rows.values()];
    if (first === undefined || second === undefined) throw new Error('no cells');
    cells.put({ ...first, ciphertext: second.ciphertext });
    cells.put({ ...second, ciphertext: 'garbage' });
    const unreadable: string[] = [];
    const report = await rotateAll({
      cells,
      vault: during,
      kinds: KINDS,
      onUnreadable: (cell) => unreadable.push(cell.id),
    });
    expect(report[0]).toEqual({ kind: 'connector.headers', checked: 3, reencrypted: 1, unreadable: 2, overtaken: 0 });
    expect(unreadable).toEqual([first.id, second.id]);
    expect(cells.rows.get(second.kind + second.id)?.ciphertext).toBe('garbage');
  });

  test('never overwrites what someone else wrote in the meantime', async () => {
    const fresh = 'written by the refresher';
    cells.meanwhile = (cell) => {
      if (cell.id === 'id_0001' && cell.kind === 'connector.headers') cells.put({ ...cell, ciphertext: fresh });
    };
    const report = await rotateAll({ cells, vault: during, kinds: KINDS });
    expect(report[0]).toMatchObject({ reencrypted: 2, overtaken: 1 });
    expect(cells.rows.get('connector.headersid_0001')?.ciphertext).toBe(fresh);
  });

  test('tells how far it is after each batch', async () => {
    const progress: [string, number][] = [];
    await rotateAll({
      cells,
      vault: during,
      kinds: KINDS,
      onProgress: (kind, checked) => progress.push([kind, checked]),
    });
    expect(progress.filter(([kind]) => kind === 'credential.secret')).toEqual([
      ['credential.secret', 100],
      ['credential.secret', 200],
      ['credential.secret', 250],
    ]);
  });
});

describe('verifyAll', () => {
  test('opens every ciphertext, changes none and counts those that still need an old key', async () => {
    const snapshot = [...cells.rows.values()];
    expect(await verifyAll({ cells, vault: during, kinds: KINDS })).toEqual([
      { kind: 'connector.headers', checked: 3, unreadable: 0, outdated: 3 },
      { kind: 'credential.secret', checked: 250, unreadable: 0, outdated: 250 },
      { kind: 'meta.canary', checked: 0, unreadable: 0, outdated: 0 },
    ]);
    expect([...cells.rows.values()]).toEqual(snapshot);
  });

  test('counts as unreadable what no key opens', async () => {
    const [report] = await verifyAll({ cells, vault: after, kinds: KINDS });
    expect(report).toEqual({ kind: 'connector.headers', checked: 3, unreadable: 3, outdated: 0 });
  });
});

test('the store of the hub can be swept', () => {
  const fits = (store: SealedStore): CellSource<SealedCell> => store;
  expect(fits).toBeTypeOf('function');
});
