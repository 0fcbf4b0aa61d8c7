package main

import "context"

func benchFiles(ctx context.Context, b *bench) error    { return nil }
func benchFairness(ctx context.Context, b *bench) error { return nil }
func benchCeiling(ctx context.Context, b *bench) error  { return nil }
func benchFaults(ctx context.Context, b *bench) error   { return nil }
