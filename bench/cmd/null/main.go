// Command null serves package internal/null, an S3 server that stores nothing.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/icos-go/icos/bench/internal/null"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:0", "`address` to listen on; printed when ready")
	cert := flag.String("cert", "", "TLS certificate `file`; plain http without")
	key := flag.String("key", "", "TLS key `file`")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr())
	srv := &http.Server{
		Handler:           null.New(),
		ReadHeaderTimeout: time.Minute,
		// Object stores speak HTTP/1.1, so h2 is not offered.
		Protocols: new(http.Protocols),
	}
	srv.Protocols.SetHTTP1(true)
	if *cert != "" {
		log.Fatal(srv.ServeTLS(l, *cert, *key))
	}
	log.Fatal(srv.Serve(l))
}
