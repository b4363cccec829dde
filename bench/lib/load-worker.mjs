import autocannon from 'autocannon';

process.once(
  'message',
  async ({ url, method = 'GET', headers = {}, body, connections = 32, seconds = 5 }) => {
    const result = await autocannon({ url, method, headers, body, connections, duration: seconds });
    const statuses = Object.fromEntries(
      Object.entries(result.statusCodeStats).map(([code, { count }]) => [code, count]),
    );
    process.send({
      perSecond: result.requests.total / result.duration,
      statuses,
      errors: result.errors + result.timeouts,
    });
  },
);
