package evidence

import "io"

func (c *collection) writePDF(w io.Writer, facts []fact) error {
	_, err := io.WriteString(w, "pdf")
	return err
}
