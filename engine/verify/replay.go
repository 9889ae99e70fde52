package verify

import "context"

func (c *checker) replay(ctx context.Context) {}
