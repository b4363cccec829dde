import Fastify from 'fastify';

/** Bare Fastify: one GET that answers a ready object of the same content. */
const body = JSON.parse(process.env.BODY);
const app = Fastify();
app.get('/', async () => body);
console.log(await app.listen({ port: 0, host: '127.0.0.1' }));
