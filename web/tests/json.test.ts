import { describe, expect, it } from "vitest";
import { cloneJson, parseJson, sameJson, stringifyJson } from "../src/model/json";

describe("JSON without loss", () => {
  it("keeps every digit of a seed beyond 2^53", () => {
    const text = '{"seed":18446744073709551615,"small":7}';
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  it("reads and writes the NaN and Infinity that Python writes", () => {
    const text = '[NaN,Infinity,-Infinity,1.5e-7,"NaN"]';
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  it("agrees with the built-in parser on everything else", () => {
    const text = ' {"a":[1,-2.5,1e3,true,false,null,"x\\n\\"\\u00e9{"],"b":{},"c":[],"d":1234567890123456789} ';
    const careful = parseJson(text);
    expect(sameJson(careful, { ...(JSON.parse(text) as object), d: 1234567890123456789n })).toBe(true);
  });

  it("names the line of a fault", () => {
    expect(() => parseJson('{\n"a": 12345678901234567890,\n]')).toThrow(/line 3/);
    expect(() => parseJson("[1 2345678901234567890]")).toThrow(/comma/);
  });

  it("refuses a key that would replace prototypes", () => {
    expect(() => parseJson('{"__proto__": {"polluted": true}}')).toThrow(/__proto__/);
  });

  it("indents for people and still reads back the same", () => {
    const value = { pos: [1, 2], links: [[1, 2, 0, 3, 0, "MODEL"]], empty: {}, none: [] };
    const text = stringifyJson(value, 2);
    expect(text).toContain('"pos": [1, 2]');
    expect(parseJson(text)).toEqual(value);
  });

  it("copies deeply and compares without regard to key order", () => {
    const value = { a: [1, { b: 10n }], c: null };
    expect(sameJson(cloneJson(value), { c: null, a: [1, { b: 10n }] })).toBe(true);
    expect(sameJson(value, { a: [1, { b: 11n }], c: null })).toBe(false);
    expect(sameJson([], {})).toBe(false);
  });
});
