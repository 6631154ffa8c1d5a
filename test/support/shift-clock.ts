// Loaded before anything else (`node --import`): this process believes that it is CLOCK_AHEAD_MS later than it is.

const ahead = Number(process.env.CLOCK_AHEAD_MS ?? '0');
const RealDate = Date;
const now = (): number => RealDate.now() + ahead;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: [], made) =>
    given.length === 0 ? Reflect.construct(target, [now()], made) : Reflect.construct(target, given, made),
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
});
