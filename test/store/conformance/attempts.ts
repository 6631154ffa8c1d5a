import { describe, expect, test } from 'vitest';
import type { Backend } from './backend.ts';
import { useStore } from './use-store.ts';

export function describeAttempts(backend: Backend): void {
  describe('attempts', () => {
    const store = useStore(backend);

    test('are counted within their window, and anew in the next one', async () => {
      const { attempts } = store();
      expect(await attempts.add('a', 1_000, 500)).toEqual({ count: 1, endsAt: 1_500 });
      expect(await attempts.add('a', 1_499, 500)).toEqual({ count: 2, endsAt: 1_500 });
      expect(await attempts.add('b', 1_499, 500)).toEqual({ count: 1, endsAt: 1_999 });
      expect(await attempts.add('a', 1_500, 500)).toEqual({ count: 1, endsAt: 2_000 });
      await attempts.forget('a');
      expect(await attempts.add('a', 1_600, 500)).toEqual({ count: 1, endsAt: 2_100 });
      expect(await attempts.deleteExpired(1_999)).toBe(1);
    });

    test('that come at once are all counted', async () => {
      const { attempts } = store();
      const answers = await Promise.all(Array.from({ length: 20 }, () => attempts.add('rush', 1, 1_000)));
      expect(answers.map(({ count }) => count).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
    });
  });
}
