import Fastify from 'fastify';

/** Bare Fastify: one POST whose body a JSON schema checks; no database, nothing is kept. */
const decimal = { type: 'string', pattern: '^\\d+(\\.\\d+)?$', maxLength: 50 };
const schema = {
  body: {
    type: 'object',
    required: ['instrument', 'side', 'type', 'quantity'],
    additionalProperties: false,
    properties: {
      clientOrderId: { type: 'string', maxLength: 64 },
      instrument: { type: 'string', pattern: '^[A-Z0-9]+-[A-Z0-9]+\\.[A-Z0-9]+$' },
      side: { type: 'string', enum: ['buy', 'sell'] },
      type: { type: 'string', enum: ['market', 'limit'] },
      quantity: decimal,
      limitPrice: decimal,
      timeInForce: { type: 'string', enum: ['gtc', 'ioc', 'fok'] },
    },
  },
};
const answer = JSON.parse(process.env.BODY);
const app = Fastify();
app.post('/', { schema }, async (_request, reply) => reply.code(201).send(answer));
console.log(await app.listen({ port: 0, host: '127.0.0.1' }));
