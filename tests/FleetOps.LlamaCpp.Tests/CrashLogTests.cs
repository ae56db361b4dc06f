namespace FleetOps.LlamaCpp.Tests;

public sealed class CrashLogTests(LlamaFixture llama)
{
    [Fact]
    public void Null_references_of_managed_code_stay_exceptions_and_leave_no_reason()
    {
        var path = Path.Combine(llama.Folder, "crash-log");
        CrashLog.Arm(llama.Runtime, path, "{", "}");
        CrashLog.Arm(llama.Runtime, path, "{", "}");

        for (var i = 0; i < 3; i++)
        {
            Assert.Throws<NullReferenceException>(() => Length(null));
            Assert.Throws<DivideByZeroException>(() => 1 / Zero(i));
        }

        Assert.False(File.Exists(path));
    }

    private static int Length(string? text) => text!.Length;

    private static int Zero(int value) => value - value;
}
