using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Gguf;

/// <summary>Whatever the bytes say: a header or the one exception, soon, and without much memory.</summary>
public sealed class GgufFuzzTests(ITestOutputHelper output)
{
    private const int Rounds = 40_000;
    private const long MaxAllocatedBytes = 2 << 20;

    // The numbers that lie best: limits of the widths, and what looks like a length.
    private static readonly ulong[] Lies = [0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1UL << 32, 1UL << 40, long.MaxValue, 1UL << 63, ulong.MaxValue];

    [Fact]
    public void Damaged_headers_with_a_fixed_seed() => Fuzz(20_260_101, Rounds);

    [Fact]
    public void Damaged_headers_with_a_seed_of_today()
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        Fuzz(seed, Rounds);
    }

    private static void Fuzz(int seed, int rounds)
    {
        var random = new Random(seed);
        byte[][] corpus =
        [
            GgufBuilder.Model().Build(),
            new GgufBuilder().Number("general.alignment", 64).Tensor("a", GgufTensorType.Q4_K, [256, 2], new byte[288]).Build(),
            new GgufBuilder().Texts("t", Enumerable.Repeat("token", 50)).Text("x", "y").Build(),
        ];
        int accepted = 0;
        for (int round = 0; round < rounds; round++)
        {
            byte[] file = Damage((byte[])corpus[random.Next(corpus.Length)].Clone(), random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                GgufHeader header = GgufHeader.Read(new MemoryStream(file), file.Length);
                Assert.All(header.Tensors, tensor => Assert.InRange(header.DataOffset + tensor.Offset + tensor.SizeBytes, 0, file.Length));
                accepted++;
            }
            catch (GgufFormatException e)
            {
                Assert.True(e.Offset >= 0 && e.Offset <= file.Length, $"seed {seed}, round {round}: {e.Message}");
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"seed {seed}, round {round}: {e}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < MaxAllocatedBytes, $"seed {seed}, round {round}: {allocated} bytes");
        }

        // Both ends are reached: some damage is harmless (a letter of a name), most is not.
        Assert.InRange(accepted, 1, rounds - 1);
    }

    private static byte[] Damage(byte[] file, Random random)
    {
        for (int edits = random.Next(1, 5); edits > 0; edits--)
        {
            int at = random.Next(file.Length);
            switch (random.Next(6))
            {
                case 0:
                    file[at] = (byte)random.Next(256);
                    break;
                case 1:
                    file[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2 or 3:
                    byte[] lie = BitConverter.GetBytes(Lies[random.Next(Lies.Length)]);
                    int width = random.Next(2) == 0 ? 4 : 8;
                    lie.AsSpan(0, Math.Min(width, file.Length - at)).CopyTo(file.AsSpan(at));
                    break;
                case 4:
                    file = file[..Math.Max(1, at)];
                    break;
                default:
                    int from = random.Next(file.Length);
                    int length = random.Next(Math.Min(64, file.Length - Math.Max(at, from)));
                    file.AsSpan(from, length).CopyTo(file.AsSpan(at));
                    break;
            }
        }

        return file;
    }
}
