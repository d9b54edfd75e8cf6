// What stands in the topics of the real broker that scripts/test_kafka started.
import {spawnSync} from 'node:child_process';

const {FLORIN_TEST_KAFKA: brokers, FLORIN_TEST_KAFKA_JARS: jars} = process.env;

/** Everything in a topic, as the consumer of Kafka itself reads it; each partition in order. */
export function readTopic(topic) {
  const {stdout} = spawnSync('java', ['-cp', `${jars}/*`, 'kafka.tools.ConsoleConsumer', '--bootstrap-server', brokers,
                                      '--topic', topic, '--from-beginning', '--timeout-ms', '8000'],
                             {encoding: 'utf8', maxBuffer: 1 << 30});
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}
