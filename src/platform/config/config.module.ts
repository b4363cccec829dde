import { type DynamicModule, Global, Module } from '@nestjs/common';

/** Gives every part of the process the config instances read at start, each under its own class as token. */
@Global()
@Module({})
export class ConfigModule {
  static of(configs: readonly object[]): DynamicModule {
    const providers = configs.map((config) => ({ provide: config.constructor, useValue: config }));
    return { module: ConfigModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
