import { describe, expect, test } from 'vitest';
import { readTraceSettings } from '../../src/server/trace-settings.ts';

const settings = (variables: Record<string, string>) => readTraceSettings((name) => variables[name] ?? null);
const BASE = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

describe('the settings of traces', () => {
  test.each<[string, Record<string, string>]>([
    ['no collector is named', { OTEL_SERVICE_NAME: 'x' }],
    ['OpenTelemetry is switched off', { ...BASE, OTEL_SDK_DISABLED: 'TRUE' }],
  ])('are none where %s', (_what, variables) => {
    expect(settings(variables)).toBeNull();
  });

  test('take the common address for a base, and the one for traces as it is', () => {
    const common = { url: 'http://collector:4318/v1/traces', serviceName: 'chatelaine', ratio: 1, followsAgent: true };
    expect(settings(BASE)).toEqual({ ...common, delayMs: 5_000, timeoutMs: 10_000 });
    expect(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' })?.url).toBe(common.url);
    expect(settings({ ...BASE, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://other/in' })?.url).toBe('https://other/in');
  });

  test.each([
    ['always_on', 1, false],
    ['always_off', 0, false],
    ['traceidratio', 0.25, false],
    ['parentbased_always_off', 0, true],
    ['parentbased_traceidratio', 0.25, true],
  ])('know the sampler %s', (sampler, ratio, followsAgent) => {
    const variables = { ...BASE, OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: '0.25' };
    expect(settings(variables)).toMatchObject({ ratio, followsAgent });
  });

  test.each<[string, Record<string, string>]>([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'nowhere' }],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', { ...BASE, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }],
    ['OTEL_TRACES_SAMPLER', { ...BASE, OTEL_TRACES_SAMPLER: 'sometimes' }],
    ['OTEL_TRACES_SAMPLER_ARG', { ...BASE, OTEL_TRACES_SAMPLER_ARG: '2' }],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', { ...BASE, OTEL_EXPORTER_OTLP_TIMEOUT: 'soon' }],
    ['OTEL_BSP_SCHEDULE_DELAY', { ...BASE, OTEL_BSP_SCHEDULE_DELAY: '0' }],
  ])('refuse a wrong %s by its name', (name, variables) => {
    expect(() => settings(variables)).toThrow(
      expect.objectContaining({ code: 'invalid_settings', message: expect.stringContaining(`${name} `) }),
    );
  });
});
