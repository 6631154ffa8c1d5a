// The focus is never lost (WCAG 2.2: 2.4.3). Where what had it is gone or switched off (a removed row, a saved
// form, a page that was left), it goes to what stands in that place now, or else to the page itself.

/** An element with its place among its neighbours, as it was when it had the focus. */
type Step = { readonly element: Element; readonly parent: Element; readonly index: number };

const FOCUSABLE =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex="0"]';
const DIALOG = '[role="dialog"], [role="alertdialog"]';
/** A closing dialog gives the focus back by itself first. */
const PAUSE_MS = 60;

function trailOf(target: Element): readonly Step[] {
  const steps: Step[] = [];
  for (let element = target; element.parentElement !== null; element = element.parentElement) {
    const parent = element.parentElement;
    steps.push({ element, parent, index: [...parent.children].indexOf(element) });
  }
  return steps;
}

function focusableIn(place: Element | undefined): HTMLElement | null {
  if (place === undefined) return null;
  const all = [place, ...place.querySelectorAll(FOCUSABLE)];
  return (all.find((one) => one.matches(FOCUSABLE) && one.checkVisibility()) as HTMLElement | undefined) ?? null;
}

/** The nearest control to where the trail began. */
function nearest(trail: readonly Step[]): HTMLElement | null {
  for (const { element, parent, index } of trail) {
    if (element.id === 'main') break;
    const places = element.isConnected
      ? [element]
      : parent.isConnected
        ? [parent.children[index], parent.children[index - 1]]
        : [];
    for (const place of places) {
      const found = focusableIn(place);
      if (found !== null) return found;
    }
    if (parent.isConnected && parent.id === 'main') break;
  }
  return document.getElementById('main');
}

export function keepFocus(): void {
  let trail: readonly Step[] = [];
  /** The last one that was in no dialog: a dialog goes with all that is in it. */
  let beneath: readonly Step[] = [];
  let waiting = false;

  const mend = () => {
    waiting = false;
    const last = trail[0]?.element;
    if (last === undefined || (document.activeElement ?? document.body) !== document.body) return;
    // Whoever pressed beside every control wanted none of them.
    if (last.isConnected && !last.matches(':disabled')) return;
    const dialog = trail.find(({ element }) => element.matches(DIALOG))?.element;
    nearest(dialog === undefined || dialog.isConnected ? trail : beneath)?.focus({ preventScroll: true });
  };
  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof Element)) return;
    trail = trailOf(target);
    if (target.closest(DIALOG) === null) beneath = trail;
  });
  new MutationObserver(() => {
    if (waiting || (document.activeElement ?? document.body) !== document.body) return;
    waiting = true;
    setTimeout(mend, PAUSE_MS);
  }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled'] });
}
