// What a fault cost, printed and, for the table of scripts/test_faults, appended to FLORIN_FAULTS_FIGURES.
import {appendFileSync} from 'node:fs';

/**
 * @param {string} fault
 * @param {import('./load.mjs').Load} load That was held against the books: nothing was lost.
 * @param {number[]} recoveries Milliseconds, one for each round.
 * @param {string} [remark]
 */
export function record(fault, load, recoveries, remark = '') {
  const sorted = [...recoveries].sort((a, b) => a - b);
  const figure = {fault, rounds: recoveries.length, acknowledged: load.acknowledged.length,
                  uncertain: load.uncertain.length, lost: 0, median_ms: sorted[Math.floor((sorted.length - 1) / 2)],
                  max_ms: sorted.at(-1), remark};
  console.log(`# ${fault}: ${figure.rounds} rounds, ${figure.acknowledged} acknowledged, ${figure.uncertain} uncertain, ` +
              `0 lost, recovery ${figure.median_ms} ms median, ${figure.max_ms} ms at most${remark && `; ${remark}`}`);
  if (process.env.FLORIN_FAULTS_FIGURES)
    appendFileSync(process.env.FLORIN_FAULTS_FIGURES, `${JSON.stringify(figure)}\n`);
}
