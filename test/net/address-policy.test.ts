import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressPolicy, parseAllowedHosts } from '../../src/net/address-policy.ts';

const NOBODY = addressPolicy(parseAllowedHosts(''));

/** Each is refused without asking DNS when nothing is listed. */
const HOSTILE_URLS = [
  // loopback and its spellings
  'https://127.0.0.1/',
  'https://127.0.0.1./',
  'https://127.0.0.53/',
  'https://127.1/',
  'https://127.0.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://0X7F.0x0.0x0.0X1/',
  'https://017700000001/',
  'https://0177.0.0.1/',
  'https://00000177.00.00.01/',
  'https://0x7f.0.0.01./',
  'https://%31%32%37.0.0.1/',
  'https://127%2e0%2e0%2e1/',
  'https://127。0。0。1/',
  'https://127．0．0．1/',
  'https://１２７.0.0.1/',
  'https://①②⑦.0.0.1/',
  'https://𝟏𝟐𝟕.0.0.1/',
  'https:127.0.0.1/',
  'https:\\\\127.0.0.1\\',
  'https://127.0.0.1:8443/',
  'https://\t127.0.0.1/',
  'https://12\n7.0.0.1/',
  'https://localhost/',
  'https://LOCALHOST/',
  'https://localhost./',
  'https://lo%63alhost/',
  'https://ｌｏｃａｌｈｏｓｔ/',
  'https://metadata.localhost/',
  'https://[::1]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[0000::0001]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::FFFF:7f00:1]/',
  'https://[::127.0.0.1]/',
  'https://[::7f00:1]/',
  'https://[::ffff:0:127.0.0.1]/',
  // the unspecified address reaches loopback
  'https://0.0.0.0/',
  'https://0/',
  'https://0x0/',
  'https://[::]/',
  // private, link-local, CGNAT, ULA
  'https://10.0.0.1/',
  'https://10.255.255.255/',
  'https://167772161/',
  'https://172.16.0.1/',
  'https://172.31.255.254/',
  'https://192.168.1.1/',
  'https://0300.0250.1.1/',
  'https://[::ffff:192.168.1.1]/',
  'https://100.64.0.1/',
  'https://100.127.255.255/',
  'https://169.254.0.1/',
  'https://[fe80::1]/',
  'https://[febf::1]/',
  'https://[fec0::1]/',
  'https://[fc00::1]/',
  'https://[fdff:ffff::1]/',
  // metadata services
  'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/',
  'https://0xa9fea9fe/',
  'https://[::ffff:169.254.169.254]/',
  'https://[::ffff:a9fe:a9fe]/',
  'https://169.254.170.2/',
  'https://[fd00:ec2::254]/',
  'https://100.100.100.200/',
  'https://192.0.0.192/',
  'https://168.63.129.16/',
  // an IPv4 address inside an IPv6 one
  'https://[64:ff9b::10.0.0.1]/',
  'https://[64:ff9b::8.8.8.8]/',
  'https://[64:ff9b:1::10.0.0.1]/',
  'https://[2002:7f00:1::]/',
  'https://[2002:a00:1::1]/',
  'https://[2001:0:7f00:1::1]/',
  // multicast, broadcast, documentation, benchmarking, reserved
  'https://224.0.0.1/',
  'https://239.255.255.250/',
  'https://255.255.255.255/',
  'https://240.0.0.1/',
  'https://192.0.2.1/',
  'https://198.51.100.7/',
  'https://203.0.113.9/',
  'https://198.18.0.1/',
  'https://192.88.99.1/',
  'https://[ff02::1]/',
  'https://[2001:db8::1]/',
  'https://[3fff::1]/',
  'https://[100::1]/',
  'https://[4000::1]/',
  // schemes
  'http://example.com/',
  'ftp://example.com/',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'ws://example.com/',
  'gopher://127.0.0.1:6379/_FLUSHALL',
  'blob:https://example.com/1',
  // user names and ports
  'https://user@example.com/',
  'https://user:password@example.com/',
  'https://example.com@127.0.0.1/',
  'https://example.com:22/',
  'https://example.com:25/',
  'https://example.com:6667/',
  'https://example.com:0/',
] as const;

describe('urlRefusal with an empty allow-list', () => {
  test.each(HOSTILE_URLS)('refuses %j', (address) => {
    expect(NOBODY.urlRefusal(new URL(address))).toEqual(expect.any(String));
  });

  test.each([
    'https://mcp.linear.app/mcp',
    'https://example.com:8443/',
    'https://8.8.8.8/',
    'https://[2606:4700:4700::1111]/',
    'https://xn--bcher-kva.example/',
    'https://172.32.0.1/',
    'https://localhost.example.com/',
  ])('lets %j pass', (address) => {
    expect(NOBODY.urlRefusal(new URL(address))).toBeNull();
  });

  test('lets no spelling of a private IPv4 address pass', () => {
    const octet = fc.nat(255);
    const privateAddress = fc.oneof(
      fc.tuple(fc.constantFrom(0, 10, 127), octet, octet, octet),
      fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
      fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
      fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
      fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), octet, octet),
    );
    fc.assert(
      fc.property(privateAddress.chain(spellings), (host) => {
        for (const scheme of ['https', 'http']) {
          expect(NOBODY.urlRefusal(new URL(`${scheme}://${host}/`)), host).toEqual(expect.any(String));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('names the host and the setting', () => {
    expect(NOBODY.urlRefusal(new URL('https://10.0.0.1/'))).toMatch(/"10\.0\.0\.1".*CHATELAINE_ALLOWED_PRIVATE_HOSTS/);
    expect(NOBODY.urlRefusal(new URL('http://example.com/'))).toMatch(/"example\.com".*https/);
  });
});

describe('addressAllowed', () => {
  test.each(['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    'holds for the public address %s',
    (ip) => {
      expect(NOBODY.addressAllowed('example.com', ip)).toBe(true);
      expect(NOBODY.plainHttpAllowed('example.com', ip)).toBe(false);
    },
  );

  test.each([
    '10.0.0.1',
    '::1',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
    '',
    'example.com',
    '0x7f.1',
    '2130706433',
    '1.2.3',
    '::g',
  ])('does not hold for %j', (ip) => {
    expect(NOBODY.addressAllowed('example.com', ip)).toBe(false);
  });
});

describe('the allow-list', () => {
  const policy = addressPolicy(
    parseAllowedHosts('mcp.intern.example, 10.1.0.0/16,[::1], 192.168.7.7 ,fd00::/8,Bücher.example.'),
  );

  test.each([
    ['a listed name with a private address', 'mcp.intern.example', '172.16.0.1', true],
    ['a listed name in other letters', 'MCP.intern.example.', '172.16.0.1', true],
    ['a listed name beyond ASCII', 'xn--bcher-kva.example', '10.9.9.9', true],
    ['a subdomain of a listed name', 'a.mcp.intern.example', '172.16.0.1', false],
    ['a name in a listed range', 'other.example', '10.1.2.3', true],
    ['an IPv4-mapped address in a listed range', 'other.example', '::ffff:10.1.2.3', true],
    ['a name beside a listed range', 'other.example', '10.2.0.1', false],
    ['a listed address', '192.168.7.7', '192.168.7.7', true],
    ['its neighbour', '192.168.7.8', '192.168.7.8', false],
    ['a listed IPv6 address', '::1', '::1', true],
    ['an IPv6 address in a listed range', 'other.example', 'fd12::1', true],
    ['an IPv6 address outside', 'other.example', 'fe80::1', false],
  ])('decides for %s', (_, host, ip, allowed) => {
    expect(policy.addressAllowed(host, ip)).toBe(allowed);
    expect(policy.plainHttpAllowed(host, ip)).toBe(allowed);
  });

  test.each([
    ['http://mcp.intern.example/', null],
    ['http://10.1.2.3:3000/', null],
    ['http://0x0a010203/', null],
    ['http://[::1]:3000/', null],
    ['http://localhost:3000/', null],
    ['http://[::ffff:10.1.2.3]/', null],
    // Its address is not known yet and may lie in a listed range.
    ['http://unknown.example/', null],
    ['http://8.8.8.8/', expect.stringContaining('https')],
    ['https://10.2.0.1/', expect.any(String)],
    ['http://user@mcp.intern.example/', expect.any(String)],
    ['ftp://mcp.intern.example/', expect.any(String)],
    ['http://mcp.intern.example:25/', expect.any(String)],
  ])('urlRefusal of %s', (address, expected) => {
    expect(policy.urlRefusal(new URL(address))).toEqual(expected);
  });

  test.each([
    ['http://mcp.intern.example/authorize', true],
    ['http://10.1.2.3/authorize', true],
    ['http://localhost:4000/authorize', true],
    ['http://unknown.example/authorize', false],
    ['http://127.0.0.1/authorize', false],
    ['https://mcp.intern.example/authorize', false],
    ['javascript:alert(1)', false],
  ])('mayUsePlainHttp of %s', (address, expected) => {
    expect(policy.mayUsePlainHttp(new URL(address))).toBe(expected);
  });
});

describe('parseAllowedHosts', () => {
  test('takes an empty setting and stray commas', () => {
    expect(parseAllowedHosts(' , ,')).toEqual({ names: new Set(), ranges: [] });
  });

  test.each([
    'http://10.0.0.1',
    'localhost:3000',
    '10.0.0.1:80',
    '[::1]:80',
    '*',
    '*.intern.example',
    '10.0.0.0/33',
    '10.0/8',
    'fd00::/129',
    '::ffff:10.0.0.0/104',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '10.0.0.256',
    'a b',
    'user@host',
    'host/path',
    'host?x',
    'host#x',
    'ho%73t',
    'ho\\st',
    '..',
  ])('refuses the entry %j and names it and the setting', (entry) => {
    const parse = (): unknown => parseAllowedHosts(`good.example,${entry}`);
    expect(parse).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
    expect(parse).toThrow(/CHATELAINE_ALLOWED_PRIVATE_HOSTS/);
    expect(parse).toThrow(JSON.stringify(entry));
  });
});

/** All ways in which URLs write one IPv4 address. */
function spellings(octets: readonly [number, number, number, number]): fc.Arbitrary<string> {
  const number = (value: number): fc.Arbitrary<string> =>
    fc.constantFrom(
      String(value),
      `0x${value.toString(16)}`,
      `0X${value.toString(16).toUpperCase()}`,
      `0${value.toString(8)}`,
      `000${value.toString(8)}`,
      [...String(value)].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join(''),
      [...String(value)].map((digit) => String.fromCodePoint(0x1d7ce + Number(digit))).join(''),
      [...String(value)].map((digit) => `%3${digit}`).join(''),
    );
  const [a, b, c, d] = octets;
  const joined = ((a * 256 + b) * 256 + c) * 256 + d;
  const parts = fc.constantFrom([a, b, c, d], [a, b, c * 256 + d], [a, (b * 256 + c) * 256 + d], [joined]);
  const dotted = fc
    .tuple(parts, fc.constantFrom('.', '。', '．', '｡', '%2e'), fc.constantFrom('', '.'))
    .chain(([values, dot, end]) => fc.tuple(...values.map(number)).map((written) => written.join(dot) + end));
  const hex = (value: number): string => value.toString(16);
  const [high, low] = [hex(a * 256 + b), hex(c * 256 + d)];
  const inIpv6 = fc.constantFrom(
    `[::ffff:${octets.join('.')}]`,
    `[::FFFF:${high}:${low}]`,
    `[0:0:0:0:0:ffff:${high}:${low}]`,
    `[::${octets.join('.')}]`,
    `[64:ff9b::${octets.join('.')}]`,
    `[2002:${high}:${low}::]`,
  );
  return fc.oneof({ weight: 3, arbitrary: dotted }, inIpv6);
}
