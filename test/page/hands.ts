// Two hands for one walk: a mouse, and the keyboard alone. What a walk does is written once; a hand finds the
// control by its role and name, reaches it as a person with that hand would, and says so when it cannot.

import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

export type Hand = {
  /** Clicks a button or follows a link. */
  press(control: Locator): Promise<void>;
  /** Puts `text` in the place of what the field holds. */
  fill(field: Locator, text: string): Promise<void>;
  /** Ticks a checkbox or chooses a radio button. */
  tick(box: Locator): Promise<void>;
  /** Chooses the option of this value. */
  choose(select: Locator, value: string): Promise<void>;
  /** Goes to one of the main pages: by the navigation, or by the palette. */
  go(place: 'Connectors' | 'Agents' | 'Activity' | 'Health' | 'Settings'): Promise<void>;
  /** Fails where the focus was lost: what had it is gone, and nothing took its place. */
  steady(): Promise<void>;
};

/** For `describe.each`: the title, and how to make the hand at a page. */
export const HANDS: readonly [name: string, at: (page: Page) => Hand][] = [
  ['by mouse', mouse],
  ['by keyboard alone', keyboard],
];

function mouse(page: Page): Hand {
  return {
    press: (control) => control.click(),
    fill: (field, text) => field.fill(text),
    tick: (box) => box.check(),
    async choose(select, value) {
      await select.selectOption(value);
    },
    go: (name) => page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true }).click(),
    async steady() {},
  };
}

/** More than any page of a walk has places to stop at. */
const MOST_PRESSES = 160;

type Place = 'here' | 'ahead' | 'behind' | 'in its group' | 'nowhere';

function keyboard(page: Page): Hand {
  // A page that has just come has no focus yet; from then on it must never be lost.
  let arrived = true;
  page.on('domcontentloaded', () => {
    arrived = true;
  });

  const steady = async (): Promise<void> => {
    if (arrived) return;
    await expect
      .poll(() => page.evaluate(() => document.activeElement !== document.body), {
        message: `the focus was lost at ${page.url()}`,
        timeout: 5000,
      })
      .toBe(true);
  };
  const reach = async (control: Locator): Promise<void> => {
    await control.waitFor();
    await steady();
    for (let presses = 0; presses < MOST_PRESSES; presses += 1) {
      const place = await placeOf(control);
      if (place === 'here') {
        arrived = false;
        expect(await faults(control)).toEqual([]);
        return;
      }
      if (place === 'in its group') await page.keyboard.press('ArrowDown');
      else await page.keyboard.press(place === 'behind' ? 'Shift+Tab' : 'Tab');
    }
    throw new Error(`the keyboard never came to ${control}`);
  };

  return {
    steady,
    async press(control) {
      await reach(control);
      await page.keyboard.press('Enter');
    },
    async fill(field, text) {
      await reach(field);
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.type(text);
      expect(await field.inputValue()).toBe(text);
    },
    async tick(box) {
      await reach(box);
      if (!(await box.isChecked())) await page.keyboard.press('Space');
      await expect.poll(() => box.isChecked()).toBe(true);
    },
    async choose(select, value) {
      await reach(select);
      await page.keyboard.press('Home');
      const options = await select.locator('option').count();
      for (let presses = 0; presses < options && (await select.inputValue()) !== value; presses += 1)
        await page.keyboard.press('ArrowDown');
      expect(await select.inputValue()).toBe(value);
    },
    async go(place) {
      await steady();
      await page.keyboard.press('ControlOrMeta+k');
      await page.getByRole('combobox', { name: 'Search or jump to' }).waitFor();
      await page.keyboard.type(place);
      await page.getByRole('option', { name: `${place} Pages`, selected: true }).waitFor();
      await page.keyboard.press('Enter');
      arrived = false;
    },
  };
}

/** Where a control stands from what has the focus. */
function placeOf(control: Locator): Promise<Place> {
  return control.evaluate((element): Place => {
    const active = document.activeElement;
    if (active === element) return 'here';
    if (active === null || active === document.body) return 'nowhere';
    const radio = (one: Element): string | null =>
      one instanceof HTMLInputElement && one.type === 'radio' ? one.name : null;
    if (radio(element) !== null && radio(element) === radio(active)) return 'in its group';
    const behind = element.compareDocumentPosition(active) & Node.DOCUMENT_POSITION_FOLLOWING;
    return behind ? 'behind' : 'ahead';
  });
}

/** What keeps a person from seeing that the control has the focus (WCAG 2.2: 2.4.7, 2.4.11). */
function faults(control: Locator): Promise<string[]> {
  return control.evaluate((element) => {
    const found: string[] = [];
    const outlined = (pseudo?: string): boolean => {
      const { outlineStyle, outlineWidth } = getComputedStyle(element, pseudo);
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1;
    };
    if (!element.matches(':focus-visible') || !(outlined() || outlined('::after') || outlined('::before')))
      found.push(`no visible focus on ${element.outerHTML.slice(0, 200)}`);
    const { left, right, top, bottom } = element.getBoundingClientRect();
    const places = [0.5, 0.1, 0.9].flatMap((x) =>
      [0.5, 0.1, 0.9].map((y) => [left + (right - left) * x, top + (bottom - top) * y] as const),
    );
    const seen = places.some(([x, y]) => {
      const above = document.elementFromPoint(x, y);
      return above !== null && (element.contains(above) || above.contains(element));
    });
    if (!seen) found.push(`out of sight or covered: ${element.outerHTML.slice(0, 200)}`);
    return found;
  });
}
