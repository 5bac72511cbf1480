import { expect, test } from 'vitest';
import { TextDistribution } from './distribution.ts';

test('writes buckets that add up, and escapes labels', () => {
  const seconds = new TextDistribution({ name: 'wherry_x_seconds', help: 'Time.', labels: ['what'] }, [1, 5]);
  for (const value of [0.5, 1, 2, 100]) seconds.observe(value, ['a"\\\n']);
  seconds.observe(5, ['b']);
  expect(seconds.text().split('\n')).toEqual([
    '# HELP wherry_x_seconds Time.',
    '# TYPE wherry_x_seconds histogram',
    'wherry_x_seconds_bucket{le="1",what="a\\"\\\\\\n"} 2',
    'wherry_x_seconds_bucket{le="5",what="a\\"\\\\\\n"} 3',
    'wherry_x_seconds_bucket{le="+Inf",what="a\\"\\\\\\n"} 4',
    'wherry_x_seconds_sum{what="a\\"\\\\\\n"} 103.5',
    'wherry_x_seconds_count{what="a\\"\\\\\\n"} 4',
    'wherry_x_seconds_bucket{le="1",what="b"} 0',
    'wherry_x_seconds_bucket{le="5",what="b"} 1',
    'wherry_x_seconds_bucket{le="+Inf",what="b"} 1',
    'wherry_x_seconds_sum{what="b"} 5',
    'wherry_x_seconds_count{what="b"} 1',
    '',
  ]);
});

test('without labels it has its lines before there is a value', () => {
  const seconds = new TextDistribution({ name: 'wherry_y_seconds', help: 'Time.' }, [1]);
  expect(seconds.text()).toContain('\nwherry_y_seconds_bucket{le="+Inf"} 0\nwherry_y_seconds_sum 0\n');
});
