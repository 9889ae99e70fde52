package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"lienthong/agencies"
)

// listenUntil serves beside a background loop until the command is told to stop,
// and then lets running requests finish.
func listenUntil(e *env, srv *http.Server, what string, loop func()) error {
	l, err := net.Listen("tcp", srv.Addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Liên Thông %s: http://%s\n", what, l.Addr())
	var wg sync.WaitGroup
	wg.Go(loop)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case <-e.ctx.Done():
		ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), 10*time.Second)
		defer cancel()
		err = srv.Shutdown(ctx)
		if serr := <-served; !errors.Is(serr, http.ErrServerClosed) {
			err = errors.Join(err, serr)
		}
	case err = <-served:
	}
	wg.Wait()
	return err
}

// setFaults turns the dials that a file names.
func setFaults(a *agencies.Agencies, file string) error {
	if file == "" {
		return nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var dials map[string]agencies.Faults
	if err := json.Unmarshal(b, &dials); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for registry, f := range dials {
		if err := a.SetFaults(registry, f); err != nil {
			return fmt.Errorf("%s: %s: %w", file, registry, err)
		}
	}
	return nil
}
