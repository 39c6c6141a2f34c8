/* Values and gradients as one writes them by hand: a forward loop and its adjoint. */

#include <math.h>
#include <string.h>

double rosenbrock(const double *x, double *g, long n)
{
    double total = 0.0;
    g[0] = 0.0;
    for (long i = 0; i + 1 < n; i++) {
        double t = x[i + 1] - x[i] * x[i], s = 1.0 - x[i];
        total += 100.0 * t * t + s * s;
        g[i] += -400.0 * t * x[i] - 2.0 * s;
        g[i + 1] = 200.0 * t;
    }
    return total;
}

/* X: samples by features, T: +1 or -1, x: the weights, then the bias. */
double logistic(const double *x, double *g, long samples, long features,
                const double *X, const double *T)
{
    double total = 0.0;
    memset(g, 0, (features + 1) * sizeof *g);
    for (long k = 0; k < samples; k++, X += features) {
        double z = x[features];
        for (long j = 0; j < features; j++)
            z += x[j] * X[j];
        double e = exp(-T[k] * z);
        double dz = -T[k] * e / (1.0 + e);
        total += log1p(e);
        for (long j = 0; j < features; j++)
            g[j] += dz * X[j];
        g[features] += dz;
    }
    return total;
}

enum { BODIES = 3, Q = 2 * BODIES };

static void drift(double *q, const double *v, double h)
{
    for (int k = 0; k < Q; k++)
        q[k] += h * v[k];
}

static void kick(double *v, const double *q, const double *mass, double h, double softening)
{
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            double dx = q[2 * j] - q[2 * i], dy = q[2 * j + 1] - q[2 * i + 1];
            double d2 = dx * dx + dy * dy + softening;
            double pull = h / (d2 * sqrt(d2));
            v[2 * i] += mass[j] * pull * dx;
            v[2 * i + 1] += mass[j] * pull * dy;
            v[2 * j] -= mass[i] * pull * dx;
            v[2 * j + 1] -= mass[i] * pull * dy;
        }
}

/* gq += the kick's Jacobian by q, transposed, times gv; v's own cotangent passes through. */
static void kick_adjoint(double *gq, const double *gv, const double *q, const double *mass,
                         double h, double softening)
{
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            double dx = q[2 * j] - q[2 * i], dy = q[2 * j + 1] - q[2 * i + 1];
            double d2 = dx * dx + dy * dy + softening;
            double pull = h / (d2 * sqrt(d2));
            double gfx = mass[j] * gv[2 * i] - mass[i] * gv[2 * j];
            double gfy = mass[j] * gv[2 * i + 1] - mass[i] * gv[2 * j + 1];
            double along = -3.0 * (gfx * dx + gfy * dy) * pull / d2;
            double gdx = pull * gfx + along * dx, gdy = pull * gfy + along * dy;
            gq[2 * i] -= gdx;
            gq[2 * i + 1] -= gdy;
            gq[2 * j] += gdx;
            gq[2 * j + 1] += gdy;
        }
}

/* x: positions, then velocities. path: room for the positions at each kick, steps by 6. */
double leapfrog(const double *x, double *g, long steps, const double *mass, double dt,
                double softening, const double *target, double *path)
{
    double q[Q], v[Q], *gq = g, *gv = g + Q;
    memcpy(q, x, sizeof q);
    memcpy(v, x + Q, sizeof v);
    for (long k = 0; k < steps; k++) {
        drift(q, v, dt / 2);
        memcpy(path + k * Q, q, sizeof q);
        kick(v, q, mass, dt, softening);
        drift(q, v, dt / 2);
    }
    double dx = q[Q - 2] - target[0], dy = q[Q - 1] - target[1];
    memset(g, 0, 2 * sizeof q);
    gq[Q - 2] = 2.0 * dx;
    gq[Q - 1] = 2.0 * dy;
    for (long k = steps - 1; k >= 0; k--) {
        drift(gv, gq, dt / 2); /* a drift's adjoint: the velocities get h times what q gets */
        kick_adjoint(gq, gv, path + k * Q, mass, dt, softening);
        drift(gv, gq, dt / 2);
    }
    return dx * dx + dy * dy;
}
