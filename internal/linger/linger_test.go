package linger_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/icos-go/icos/internal/linger"
)

func TestContextEndsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("over")
		ctx, end := context.WithCancelCause(t.Context())
		late, cancel := linger.Context(ctx, 15*time.Second)
		defer cancel()
		end(why)
		began := time.Now()
		time.Sleep(15*time.Second - 1)
		synctest.Wait()
		if err := late.Err(); err != nil {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		<-late.Done()
		if took := time.Since(began); took != 15*time.Second || context.Cause(late) != why {
			t.Errorf("ended after %v because of %v", took, context.Cause(late))
		}
	})
}

func TestCancelEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		late, cancel := linger.Context(ctx, time.Hour)
		end()
		synctest.Wait()
		cancel()
		synctest.Wait() // a timer left behind would keep the bubble from ending
		if late.Err() == nil {
			t.Error("it goes on")
		}
	})
}
