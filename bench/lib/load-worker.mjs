import autocannon from 'autocannon';

process.once(
  'message',
  async ({ url, paths, method = 'GET', headers = {}, body, connections = 32, seconds = 5 }) => {
    // With `paths` each connection asks for them in turn, over and over.
    const requests = paths?.map((path) => ({ path }));
    const result = await autocannon({
      url,
      method,
      headers,
      body,
      connections,
      duration: seconds,
      ...(requests ? { requests } : {}),
    });
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
