import { describe, expect, it } from 'vitest';
import { mergeByUri, ownerOf, qualify, type UriSource, unqualify } from '../../src/router/namespace.js';

const source = (name: string, uris: string[] = [], templates: string[] = [], hasResources = true): UriSource => ({
  name,
  uris,
  templates,
  hasResources,
});

describe('names', () => {
  it('come apart where they were joined', () => {
    expect(unqualify(qualify('a_b', 'c__d'))).toEqual({ server: 'a_b', name: 'c__d' });
    expect([unqualify('plain'), unqualify('__x'), unqualify('')]).toEqual([undefined, undefined, undefined]);
  });
});

describe('the owner of a URI', () => {
  const sources = [source('a', ['x://1', 'x://2'], ['t://{id}', 'whole://t']), source('b', ['x://2'], ['u://{id}', '{odd}'])];

  it.each([
    ['b+x://1', { server: 'b', uri: 'x://1' }],
    ['x://1', { server: 'a', uri: 'x://1' }],
    ['x://2', { server: 'a', uri: 'x://2' }],
    ['t://7', { server: 'a', uri: 't://7' }],
    ['whole://t', { server: 'a', uri: 'whole://t' }],
    ['u://7', { server: 'b', uri: 'u://7' }],
    ['nowhere://', undefined],
  ])('%s', (uri, owner) => {
    expect(ownerOf(uri, sources)).toEqual(owner);
  });

  it('is the only server with resources, and nobody when two templates match', () => {
    expect(ownerOf('any://', [source('a', [], [], false), source('b')])).toEqual({ server: 'b', uri: 'any://' });
    expect(ownerOf('t://1', [source('a', [], ['t://{x}']), source('b', [], ['t://{y}'])])).toBeUndefined();
    expect(ownerOf('t://1', [])).toBeUndefined();
  });
});

it('entries without a URI are merged like any other', () => {
  expect(
    mergeByUri(
      [
        ['a', [{}]],
        ['b', [{}, { uri: 'x' }]],
      ],
      'uri',
    ),
  ).toEqual([{}, { uri: 'b+' }, { uri: 'x' }]);
});
